from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .iaas_contract import IN_FORCE_STATES, LIVE_STATES

OVER_STATES = tuple(state for state in IN_FORCE_STATES if state not in LIVE_STATES)
# What the signed file states. Who sees to it and whether it is done may change.
AGREED_FIELDS = {"contract_id", "name", "side", "date_deadline"}


class IaasContractObligation(models.Model):
    """What one side has to do under a contract, by when, and who sees to it (R28)."""

    _name = "iaas.contract.obligation"
    _description = "Contract Obligation"
    _inherit = ["iaas.contract.term.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_deadline, id"

    name = fields.Char(string="Obligation", required=True)
    contract_id = fields.Many2one(
        "iaas.contract", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(
        related="contract_id.partner_id", string="Customer", store=True
    )
    side = fields.Selection(
        [("us", "Us"), ("customer", "Customer")],
        string="Owed By",
        required=True,
        default="us",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        domain="[('share', '=', False)]",
        help="Who sees to it, also when the customer owes it.",
    )
    date_deadline = fields.Date(string="Due", required=True, tracking=True)
    done_date = fields.Date(string="Done On", readonly=True, copy=False, tracking=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("done", "Done"),
            ("late", "Late"),
            ("lapsed", "Lapsed"),
        ],
        string="Status",
        compute="_compute_state",
        search="_search_state",
        help="Lapsed: the contract was over before it was done.",
    )

    @api.depends("contract_id")
    def _compute_user_id(self):
        for obligation in self:
            obligation.user_id = obligation.user_id or obligation.contract_id.user_id

    @api.depends("done_date", "date_deadline", "contract_id.state")
    def _compute_state(self):
        for obligation in self:
            contract = obligation.contract_id
            if obligation.done_date:
                obligation.state = "done"
            elif contract.state in OVER_STATES:
                obligation.state = "lapsed"
            elif (
                obligation.date_deadline
                and obligation.date_deadline < contract._today()
            ):
                obligation.state = "late"
            else:
                obligation.state = "open"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        done = Domain("done_date", "!=", False)
        lapsed = Domain("contract_id.state", "in", OVER_STATES) & ~done
        past = self.env["iaas.contract"]._domain_today(
            lambda today: Domain("date_deadline", "<", today), path="contract_id."
        )
        domains = {
            "done": done,
            "lapsed": lapsed,
            "late": past & ~done & ~lapsed,
            "open": ~past & ~done & ~lapsed,
        }
        return Domain.OR(domains[state] for state in value if state in domains)

    # === CRUD ===

    @api.model
    def _are_terms(self, vals):
        return bool(AGREED_FIELDS & vals.keys())

    # === ACTIONS ===

    def action_done(self):
        """Record that it was done today."""
        for obligation in self:
            if obligation.state == "lapsed":
                raise UserError(
                    self.env._(
                        "%(contract)s is over: %(obligation)s can no longer be done "
                        "under it.",
                        contract=obligation.contract_id.display_name,
                        obligation=obligation.name,
                    )
                )
            obligation.done_date = obligation.contract_id._today()

    def action_reopen(self):
        """Take back that it was done."""
        self.done_date = False
