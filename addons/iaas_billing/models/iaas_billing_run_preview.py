from odoo import api, fields, models
from odoo.fields import Domain

from .iaas_billing_run_queue import BATCH_SIZE


class IaasBillingRun(models.Model):
    """Preview: what the run would bill, compared with the period before (R67)."""

    _inherit = "iaas.billing.run"

    is_previewing = fields.Boolean(string="Preview Is Made", readonly=True, copy=False)
    previewed_at = fields.Datetime(string="Previewed", readonly=True, copy=False)
    preview_progress = fields.Float(
        compute="_compute_preview", help="Rated statements in percent of all."
    )
    preview_amount = fields.Monetary(
        string="To Bill",
        compute="_compute_preview",
        help="Rated drafts without tax, in the company's currency.",
    )
    outlier_count = fields.Integer(compute="_compute_preview")

    @api.depends(
        "is_previewing",
        "statement_ids.rated_at",
        "statement_ids.amount_untaxed",
        "statement_ids.is_outlier",
    )
    def _compute_preview(self):
        Statement = self.env["iaas.statement"]
        drafts = Domain([("run_id", "in", self.ids), ("state", "=", "draft")])
        outliers = dict(
            Statement._read_group(
                drafts & Domain("is_outlier", "=", True), ["run_id"], ["__count"]
            )
        )
        self.preview_amount = 0
        for run, currency, amount in Statement._read_group(
            drafts, ["run_id", "currency_id"], ["amount_untaxed:sum"]
        ):
            run.preview_amount += currency._convert(
                amount, run.currency_id, run.company_id, run.date
            )
        for run in self:
            run.outlier_count = outliers.get(run, 0)
            count = len(run.statement_ids)
            left = len(run._next_to_preview()) if run.is_previewing else 0
            run.preview_progress = 100 * (count - left) / count if count else 0

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "is_previewing",
            "previewed_at",
        }

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_preview(self):
        """Rate what is due and show it beside the period before; nothing is invoiced
        and nobody is asked. A large one goes on in the background."""
        self._check_startable()
        for run in self.filtered(lambda run: run.state == "draft"):
            run = run._elevated()
            run._collect_statements()
            run.statement_ids.filtered(
                lambda statement: statement.state == "draft"
            ).rated_at = False
            run.write({"is_previewing": True, "previewed_at": False})
            run._preview_batch()
            if run.is_previewing:
                self.env.ref("iaas_billing.ir_cron_billing_run").sudo()._trigger()

    def action_view_outliers(self):
        """Open the drafts that come to much more or less than the period before."""
        self.ensure_one()
        action = self.action_view_statements()
        return action | {"context": {"search_default_outlier": 1}}

    def action_start(self):
        self.sudo().filtered("is_previewing").is_previewing = False
        return super().action_start()

    # ------------------------------------------------------------------
    # Work
    # ------------------------------------------------------------------

    def _next_to_preview(self, limit=None):
        return self.env["iaas.statement"].search(
            [
                ("run_id", "=", self.id),
                ("state", "=", "draft"),
                ("correction_of_id", "=", False),
                ("is_held", "=", False),
                ("rated_at", "=", False),
            ],
            order="period_start, id",
            limit=limit,
        )

    def _preview_batch(self, limit=BATCH_SIZE):
        """Rate the next drafts.

        :return: how many of them
        """
        run = self._elevated().try_lock_for_update(allow_referencing=True)
        if not run.is_previewing:
            return 0
        statements = run._next_to_preview(limit)
        run._do_apart(statements, lambda some: some._preview())
        if not run._next_to_preview(1):
            run.write({"is_previewing": False, "previewed_at": fields.Datetime.now()})
        return len(statements)
