from odoo import api, fields, models
from odoo.exceptions import UserError

from ..fields import Decimal
from .iaas_negotiation_mandate import CONCESSIONS


class IaasNegotiationMove(models.Model):
    """One line of the give/get log: asked, then granted or refused, then kept."""

    _name = "iaas.negotiation.move"
    _description = "Give or Get"
    _inherit = ["iaas.gated.mixin", "iaas.decimal.mixin"]
    _order = "negotiation_id, date, id"
    _rec_name = "description"

    negotiation_id = fields.Many2one(
        "iaas.negotiation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="negotiation_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="negotiation_id.currency_id")
    date = fields.Date(required=True, default=fields.Date.context_today)
    direction = fields.Selection(
        [("give", "We Give"), ("get", "We Get")], required=True, default="give"
    )
    kind = fields.Selection(CONCESSIONS, required=True, default="discount")
    product_id = fields.Many2one(
        "product.product",
        string="Service",
        ondelete="restrict",
        domain="[('is_iaas', '=', True)]",
        help="Empty: the whole deal.",
    )
    discount = Decimal(string="Discount (%)")
    description = fields.Char(required=True)
    value = fields.Monetary(help="What it is worth over the term, estimated.")
    state = fields.Selection(
        [("proposed", "Proposed"), ("granted", "Agreed"), ("refused", "Refused")],
        string="Status",
        required=True,
        readonly=True,
        default="proposed",
        copy=False,
    )
    decided_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    decided_date = fields.Datetime(string="Decided On", readonly=True, copy=False)
    may_grant = fields.Boolean(compute="_compute_may_grant")

    _discount_range = models.Constraint(
        "CHECK (discount BETWEEN 0 AND 100)",
        "A discount is a percentage from 0 to 100.",
    )

    # === COMPUTE ===

    @api.depends("direction", "kind", "product_id", "discount", "state")
    @api.depends_context("uid")
    def _compute_may_grant(self):
        for move in self:
            move.may_grant = move.direction == "get" or bool(
                move._sufficient_mandates()._held_by(self.env.user)
            )

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"state", "decided_by_id", "decided_date"}

    @api.model
    def _get_gated_message(self, labels):
        return self.env._(
            "What was given or got is decided by the Agree and Refuse buttons."
        )

    def write(self, vals):
        self._check_open()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_open(self):
        self._check_open()

    def _check_open(self):
        """The log keeps what was decided."""
        for move in self:
            if move.state != "proposed":
                raise UserError(
                    self.env._(
                        "“%(move)s” is decided and stays in the log as it is. Add a "
                        "line that takes it back or goes further.",
                        move=move.description,
                    )
                )

    # === ACTIONS ===

    def action_grant(self):
        """Agree; what we give needs a mandate of the user's role."""
        for move in self:
            if not move.may_grant:
                raise UserError(move._mandate_message())
        self._decide("granted")

    def action_refuse(self):
        self._decide("refused")

    # === BUSINESS ===

    def _decide(self, state):
        self.check_access("write")
        self.sudo().write(
            {
                "state": state,
                "decided_by_id": self.env.uid,
                "decided_date": fields.Datetime.now(),
            }
        )

    def _sufficient_mandates(self):
        """The mandates that reach far enough to grant this."""
        self.ensure_one()
        pack = self.negotiation_id
        mandates = self.env["iaas.negotiation.mandate"]._find(
            self.kind, self.product_id, pack.tier_id, pack.company_id
        )
        if self.kind == "discount":
            mandates = mandates.filtered(lambda m: m.max_discount >= self.discount)
        return mandates

    def _mandate_message(self):
        roles = self._sufficient_mandates().group_id.mapped("full_name")
        if not roles:
            return self.env._(
                "No role may grant “%(move)s”: it goes beyond every mandate. "
                "Ask for less, or have the mandates changed.",
                move=self.description,
            )
        return self.env._(
            "Your roles do not let you grant “%(move)s”. Who may: %(roles)s.",
            move=self.description,
            roles=", ".join(sorted(roles)),
        )
