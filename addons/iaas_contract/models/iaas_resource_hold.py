from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..fields import Decimal

RELEASE_ACTIVITY = "iaas_contract.mail_activity_type_change_release"
RELEASE_GROUP = "account.group_account_manager"


class IaasResourceHold(models.Model):
    """A change of resources above the credit limit, which waits for finance."""

    _name = "iaas.resource.hold"
    _description = "Change that Waits for Credit"
    _inherit = ["iaas.decimal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "iaas.contract",
        string="Framework Contract",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(
        related="contract_id.partner_id",
        string="Customer",
        store=True,
        index=True,
        precompute=True,
    )
    resource_ids = fields.Many2many(
        "iaas.resource", string="Resources", readonly=True, check_company=True
    )
    kind = fields.Selection(
        selection=lambda self: (
            self.env["iaas.resource.change"]
            ._fields["kind"]
            ._description_selection(self.env)
        ),
        string="Change",
        required=True,
        readonly=True,
    )
    date = fields.Date(string="From", required=True, readonly=True)
    product_id = fields.Many2one(
        "product.product", string="New Product", readonly=True, check_company=True
    )
    quantity = Decimal(string="New Quantity", readonly=True)
    reason = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", string="Asked by", readonly=True)
    message = fields.Text(string="Why It Waits", readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waits for Release"),
            ("released", "Released"),
            ("withdrawn", "Withdrawn"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="waiting",
        index=True,
        tracking=True,
    )
    release_reason = fields.Text(readonly=True)
    releaser_id = fields.Many2one("res.users", string="Released by", readonly=True)
    may_release = fields.Boolean(compute="_compute_may_release")

    # === COMPUTE ===

    @api.depends_context("uid")
    def _compute_may_release(self):
        self.may_release = self.env.user.has_group(RELEASE_GROUP)

    @api.depends("kind", "resource_ids")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for hold in self:
            hold.display_name = self.env._(
                "%(change)s: %(resources)s",
                change=labels.get(hold.kind, ""),
                resources=", ".join(hold.resource_ids.mapped("external_ref")),
            )

    # === ACTIONS ===

    def action_release(self):
        """Open the wizard by which finance lets the change pass."""
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_resource_hold_release_action"
        ) | {"context": {"default_hold_id": self.id}}

    def action_withdraw(self):
        """Give the change up: nothing happens to the resources."""
        self.check_access("read")
        for hold in self:
            if not (self.env.su or hold.user_id == self.env.user):
                self.env["iaas.resource.change"].check_access("create")
            hold._check_waiting()
            # Nobody writes a hold but by its actions.
            hold.sudo().state = "withdrawn"
        self.sudo().activity_unlink([RELEASE_ACTIVITY])

    # === BUSINESS ===

    @api.model
    def _hold(self, resources, kind, day, product, quantity, reason, message):
        """Put a change before finance; the owner of the contract sees to it."""
        resources.check_access("write")
        holds = self.sudo().create(
            [
                {
                    "contract_id": contract.id,
                    "resource_ids": [Command.set(own.ids)],
                    "kind": kind,
                    "date": day,
                    "product_id": product.id if kind == "product" else False,
                    "quantity": quantity if kind == "resize" else 0,
                    "reason": reason,
                    "user_id": self.env.uid,
                    "message": message,
                }
                for contract, own in resources.grouped("contract_id").items()
            ]
        )
        for hold in holds:
            hold.activity_schedule(
                RELEASE_ACTIVITY,
                note=message,
                user_id=hold.contract_id._responsible().id,
            )
        return holds.with_env(self.env)

    def _release(self, reason):
        """Make the change, from its day or, when that is past, from today."""
        self.ensure_one()
        if not self.env.su and not self.env.user.has_group(RELEASE_GROUP):
            raise AccessError(self.env._("Only finance managers release credit."))
        self._check_waiting()
        hold = self.sudo()
        hold.resource_ids._make_change(
            hold.kind,
            max(hold.date, hold.contract_id._today()),
            hold.product_id,
            hold.quantity,
            hold.reason,
        )
        hold.write(
            {
                "state": "released",
                "release_reason": reason,
                "releaser_id": self.env.uid,
            }
        )
        hold.activity_feedback([RELEASE_ACTIVITY], feedback=reason)
        for resource in hold.resource_ids:
            resource.message_post(
                body=self.env._("Credit released: %(reason)s", reason=reason)
            )

    def _check_waiting(self):
        for hold in self:
            if hold.state != "waiting":
                raise UserError(
                    self.env._(
                        "%(change)s does not wait any more.", change=hold.display_name
                    )
                )
