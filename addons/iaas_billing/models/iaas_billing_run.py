from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class IaasBillingRun(models.Model):
    """Bills every elapsed, unbilled contract period up to a day, and in advance what
    is due before the service in the periods that begin by the day after.

    The draft statements of the run are its queue: a batch turns some of them into
    posted ones in one transaction, so an interrupted run resumes where it stopped
    and a repeated one finds nothing to do.
    """

    _name = "iaas.billing.run"
    _description = "Billing Run"
    _inherit = ["iaas.gated.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(
        string="Bill Periods Until",
        required=True,
        default=lambda self: self._default_date(),
        help="Every contract period that ends on or before this day is billed. What is "
        "due before the service is billed in advance for periods that begin by the day "
        "after.",
    )
    invoice_date = fields.Date(
        help="Date of the invoices. Empty: the day on which they are made."
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        required=True,
        default=lambda self: self.env.user,
    )
    contract_ids = fields.Many2many(
        "iaas.contract",
        string="Only These Contracts",
        check_company=True,
        help="Empty: all contracts of the company.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("running", "Running"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    statement_ids = fields.One2many("iaas.statement", "run_id", readonly=True)
    blocker_ids = fields.One2many("iaas.billing.blocker", "run_id", readonly=True)
    statement_count = fields.Integer(compute="_compute_progress")
    posted_count = fields.Integer(string="Posted", compute="_compute_progress")
    open_blocker_count = fields.Integer(
        string="Open Blockers", compute="_compute_progress"
    )
    progress = fields.Float(
        compute="_compute_progress", help="Posted statements in percent of all."
    )
    amount_untaxed = fields.Monetary(
        string="Billed",
        compute="_compute_amount_untaxed",
        help="Posted statements without tax, in the company's currency.",
    )

    @api.model
    def _default_date(self):
        # Contracts with an anchor day have periods that end within a month.
        return fields.Date.subtract(fields.Date.context_today(self), days=1)

    @api.depends("date")
    def _compute_name(self):
        for run in self:
            run.name = self.env._(
                "Billing until %(day)s", day=fields.Date.to_string(run.date)
            )

    @api.depends("date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """As the lists show the day; the stored name is what people search for."""
        for run in self:
            run.display_name = self.env._(
                "Billing until %(day)s",
                day=format_date(self.env, run.date, date_format="medium"),
            )

    @api.depends("statement_ids.state", "blocker_ids.state")
    def _compute_progress(self):
        statements, posted = (
            dict(
                self.env["iaas.statement"]._read_group(
                    [("run_id", "in", self.ids), *domain], ["run_id"], ["__count"]
                )
            )
            for domain in ([], [("state", "=", "posted")])
        )
        blockers = dict(
            self.env["iaas.billing.blocker"]._read_group(
                [("run_id", "in", self.ids), ("state", "=", "open")],
                ["run_id"],
                ["__count"],
            )
        )
        for run in self:
            run.statement_count = statements.get(run, 0)
            run.posted_count = posted.get(run, 0)
            run.open_blocker_count = blockers.get(run, 0)
            run.progress = (
                100 * run.posted_count / run.statement_count
                if run.statement_count
                else 0
            )

    @api.depends("statement_ids.state", "statement_ids.amount_untaxed")
    def _compute_amount_untaxed(self):
        self.amount_untaxed = 0
        for run, currency, amount in self.env["iaas.statement"]._read_group(
            [("run_id", "in", self.ids), ("state", "=", "posted")],
            ["run_id", "currency_id"],
            ["amount_untaxed:sum"],
        ):
            run.amount_untaxed += currency._convert(
                amount, run.currency_id, run.company_id, run.date
            )

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"state"}

    def write(self, vals):
        scope = {"company_id", "date", "contract_ids"} & vals.keys()
        if scope and not self.env.su:
            for run in self:
                run._check_scope({name: vals[name] for name in scope})
        return super().write(vals)

    def _check_scope(self, vals):
        """What a run bills is chosen before it starts; what was queued for a preview
        of something else is dropped."""
        if not any(self._changes(name, value) for name, value in vals.items()):
            return
        if self.state != "draft":
            raise UserError(
                self.env._(
                    "%(run)s has begun: company, day and contracts stay. Create "
                    "another run.",
                    run=self.display_name,
                )
            )
        run = self.sudo()  # nobody deletes statements of a run by hand
        run.statement_ids.filtered(
            lambda statement: (
                statement.state == "draft" and not statement.correction_of_id
            )
        ).unlink()
        run.write({"is_previewing": False, "previewed_at": False})

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_start(self):
        """Queue what is due and bill it: one batch now, the rest by the cron.

        The same button resumes an interrupted run and repeats a finished one.
        """
        self._check_startable()
        for run in self:
            run = run._elevated()
            run._collect_statements()
            run.state = "running"
            run._process_batch()
            if run.state == "running":
                run._go_on_in_background()

    def _check_startable(self):
        self.check_access("write")
        for run in self:
            if run.state == "cancelled":
                raise UserError(
                    self.env._(
                        "%(run)s was cancelled. Create another run.",
                        run=run.display_name,
                    )
                )
            if run.date >= fields.Date.context_today(run):
                raise UserError(
                    self.env._(
                        "%(day)s is not over yet. Choose a day in the past: "
                        "a period is billed after it has ended.",
                        day=format_date(self.env, run.date),
                    )
                )

    def action_cancel(self):
        """Stop: what is posted stays, what the customer was asked to confirm goes on,
        drafts are dropped. What they would have billed is due in the next run."""
        self.check_access("write")
        for run in self:
            if run.state == "done":
                raise UserError(
                    self.env._(
                        "%(run)s is done. Void its statements one by one if they are "
                        "wrong.",
                        run=run.display_name,
                    )
                )
            run._elevated()._cancel()

    def action_view_statements(self):
        """Open the statements of the run."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_statement_action"
        )
        return action | {"domain": [("run_id", "=", self.id)], "context": {}}

    def action_view_blockers(self):
        """Open the contracts that the run has set aside."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_billing_blocker_action"
        )
        return action | {"domain": [("run_id", "=", self.id)]}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        for run in self:
            if run.posted_count:
                raise UserError(
                    self.env._(
                        "%(run)s has posted statements and is kept as their record.",
                        run=run.name,
                    )
                )
            if run.statement_ids.filtered(lambda one: one.state != "draft"):
                raise UserError(
                    self.env._(
                        "%(run)s has statements that a person or the customer works "
                        "on. Take them back to draft first, or cancel the run.",
                        run=run.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_queue(self):
        """Drafts and blockers are the run's work; nobody could go on with them."""
        runs = self.sudo()
        runs.blocker_ids.unlink()
        runs.statement_ids.unlink()
