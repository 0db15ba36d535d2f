from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import plaintext2html


class IaasBillingBlocker(models.Model):
    """Why a contract was set aside by a run, and whose task it is to mend that."""

    _name = "iaas.billing.blocker"
    _description = "Billing Blocker"
    _inherit = ["iaas.gated.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "state, id desc"
    _check_company_auto = True

    run_id = fields.Many2one(
        "iaas.billing.run",
        string="Billing Run",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    contract_id = fields.Many2one(
        "iaas.contract",
        required=True,
        readonly=True,
        ondelete="cascade",
        check_company=True,
    )
    partner_id = fields.Many2one(related="contract_id.partner_id", store=True)
    statement_id = fields.Many2one(
        "iaas.statement", readonly=True, ondelete="set null", check_company=True
    )
    reason = fields.Text(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Owner", required=True, tracking=True, index=True
    )
    state = fields.Selection(
        [("open", "Open"), ("solved", "Solved"), ("cancelled", "Run Cancelled")],
        string="Status",
        default="open",
        required=True,
        readonly=True,
        tracking=True,
    )

    _open_unique = models.UniqueIndex(
        "(contract_id) WHERE state = 'open'",
        "A contract has at most one open billing blocker.",
    )

    @api.depends("contract_id", "run_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for blocker in self:
            blocker.display_name = self.env._(
                "%(contract)s in %(run)s",
                contract=blocker.contract_id.display_name,
                run=blocker.run_id.display_name,
            )

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "run_id",
            "company_id",
            "contract_id",
            "partner_id",
            "statement_id",
            "reason",
            "state",
        }

    def write(self, vals):
        if "state" in vals and not self.env.su:
            raise AccessError(
                self.env._("A blocker is solved by billing its contract: retry it.")
            )
        moved = "user_id" in vals and self.filtered(
            lambda blocker: blocker.user_id.id != vals["user_id"]
        )
        result = super().write(vals)
        if moved:
            moved.activity_ids.user_id = vals["user_id"]
        return result

    def action_retry(self):
        """Bill the contract again; the blocker is solved when that succeeds."""
        self.check_access("write")
        for run, blockers in self.grouped("run_id").items():
            run._retry(blockers)

    @api.model
    def _set_aside(self, run, contract, reason, statement=None):
        """Note why the contract could not be billed, once per contract."""
        blocker = self.search(
            [("contract_id", "=", contract.id), ("state", "=", "open")]
        )
        values = {
            "run_id": run.id,
            "statement_id": statement.id if statement else False,
            "reason": reason,
        }
        if blocker:
            blocker.write(values)
            return blocker
        owner = run._get_able(contract.company_id, contract.user_id, run.user_id)
        blocker = self.create(
            values
            | {
                "contract_id": contract.id,
                "user_id": (owner or contract.user_id or run.user_id).id,
            }
        )
        activity_type = self.env.ref("iaas_billing.mail_activity_type_blocker")
        blocker.activity_schedule(
            "iaas_billing.mail_activity_type_blocker",
            date_deadline=activity_type._get_date_deadline(),
            note=plaintext2html(reason),
            user_id=blocker.user_id.id,
        )
        return blocker

    def _solve(self):
        """Close the blockers and their activities."""
        self.write({"state": "solved"})
        self.activity_feedback(
            ["iaas_billing.mail_activity_type_blocker"],
            feedback=self.env._("The contract was billed."),
        )

    def _cancel(self):
        """Close the open ones of a run that is given up."""
        given_up = self.filtered(lambda blocker: blocker.state == "open")
        given_up.write({"state": "cancelled"})
        given_up.activity_unlink(["iaas_billing.mail_activity_type_blocker"])
