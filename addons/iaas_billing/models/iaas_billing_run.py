import logging

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_date

from .iaas_statement import OPEN_STATES

_logger = logging.getLogger(__name__)

#: Statements rated, invoiced and committed together.
BATCH_SIZE = 200


class IaasBillingRun(models.Model):
    """Bills every elapsed, unbilled contract period up to a day.

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
        help="Every contract period that ends on or before this day is billed.",
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
        [("draft", "Draft"), ("running", "Running"), ("done", "Done")],
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

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_start(self):
        """Queue what is due and bill it: one batch now, the rest by the cron.

        The same button resumes an interrupted run and repeats a finished one.
        """
        self.check_access("write")
        for run in self:
            if run.date >= fields.Date.context_today(run):
                raise UserError(
                    self.env._(
                        "%(day)s is not over yet. Choose a day in the past: "
                        "a period is billed after it has ended.",
                        day=format_date(self.env, run.date),
                    )
                )
            run = run._elevated()
            run._collect_statements()
            run.state = "running"
            run._process_batch()
            if run.state == "running":
                self.env.ref("iaas_billing.ir_cron_billing_run").sudo()._trigger()

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

    @api.ondelete(at_uninstall=False)
    def _unlink_queue(self):
        """Drafts and blockers are the run's work; nobody could go on with them."""
        runs = self.sudo()
        runs.blocker_ids.unlink()
        runs.statement_ids.unlink()

    # ------------------------------------------------------------------
    # Queue
    # ------------------------------------------------------------------

    def _elevated(self):
        """The run as the system handles it: people may start it, but nobody writes
        statements by hand."""
        self.ensure_one()
        return self.sudo().with_company(self.company_id)

    def _get_contract_domain(self):
        """The contracts in which the run looks for elapsed periods."""
        domain = [
            ("company_id", "=", self.company_id.id),
            ("next_billing_date", "!=", False),
            ("next_billing_date", "<=", fields.Date.add(self.date, days=1)),
        ]
        if self.contract_ids:
            domain.append(("id", "in", self.contract_ids.ids))
        return domain

    def _collect_statements(self, contracts=None):
        """Make the draft statements of all due periods; take over those that exist.

        Drafts whose period is no longer that of the contract are dropped.
        """
        Statement = self.env["iaas.statement"]
        if contracts is None:
            contracts = self.env["iaas.contract"].search(
                self._get_contract_domain(), order="id"
            )
        drafts = Statement.search(
            [
                ("contract_id", "in", contracts.ids),
                ("state", "in", OPEN_STATES),
                ("correction_of_id", "=", False),
            ]
        ).grouped("contract_id")
        taken, stale, values = Statement, Statement, []
        for contract in contracts:
            known = drafts.get(contract, Statement)
            other = known.run_id - self
            if "running" in other.mapped("state"):
                continue
            try:
                periods = contract._due_periods(self.date)
            except (UserError, ValueError) as error:
                self._set_aside({contract: str(error)})
                continue
            by_period = known.grouped(
                lambda draft: (draft.period_start, draft.period_end)
            )
            for period in periods:
                if draft := by_period.pop(period, None):
                    taken += draft
                else:
                    values.append(
                        contract._prepare_statement(*period) | {"run_id": self.id}
                    )
            stale = stale.union(*by_period.values())
        # What the customer has in hand is not taken away; people take it back.
        stale.filtered(lambda draft: draft.state == "draft").unlink()
        taken.write({"run_id": self.id, "is_held": False, "waits_for": False})
        Statement.create(values)

    def _next_statements(self, limit=None, contracts=None):
        """The drafts to bill next, each contract in the order of its periods."""
        domain = [
            ("run_id", "=", self.id),
            ("state", "in", ("draft", "confirmed")),
            ("is_held", "=", False),
            ("waits_for", "=", False),
        ]
        if contracts is not None:
            domain.append(("contract_id", "in", contracts.ids))
        return self.env["iaas.statement"].search(
            domain, order="period_start, id", limit=limit
        )

    # ------------------------------------------------------------------
    # Work
    # ------------------------------------------------------------------

    @api.model
    def _cron_prepare(self):
        """Have a run ready, with its owner and due date, wherever something is due
        (R1, R67). Whoever was responsible for the last run is so again."""
        activity_type = self.env.ref("iaas_billing.mail_activity_type_bill")
        for company in self.env["res.company"].search([]):
            runs = self.search([("company_id", "=", company.id)])
            if runs.filtered(lambda run: run.state != "done"):
                continue
            responsible = runs[:1].user_id or self._default_responsible(company)
            if not responsible:
                continue
            run = self.new({"company_id": company.id, "date": self._default_date()})
            due = self.env["iaas.contract"].search_count(
                [
                    *run._get_contract_domain(),
                    ("id", "not in", self._get_blocked_contracts(company).ids),
                ],
                limit=1,
            )
            if due:
                run = self.create({"company_id": company.id, "user_id": responsible.id})
                run.activity_schedule(
                    "iaas_billing.mail_activity_type_bill",
                    date_deadline=activity_type._get_date_deadline(),
                    user_id=responsible.id,
                )

    @api.model
    def _default_responsible(self, company):
        managers = self.env.ref("iaas_billing.group_iaas_billing_manager").all_user_ids
        return managers.filtered(
            lambda user: (
                not user.share
                and company in user.company_ids
                and user != self.env.ref("base.user_root")
            )
        )[:1]

    @api.model
    def _get_blocked_contracts(self, company):
        return (
            self.env["iaas.billing.blocker"]
            .search([("company_id", "=", company.id), ("state", "=", "open")])
            .contract_id
        )

    @api.model
    def _cron_process(self):
        """Go on with the running runs, one committed batch after the other."""
        cron = self.env["ir.cron"]
        runs = self.search([("state", "=", "running")])
        queued = sum(len(run._next_statements()) for run in runs)
        cron._commit_progress(remaining=queued)
        for run in runs:
            run = run._elevated()
            while run.state == "running":
                done = run._process_batch()
                time_left = cron._commit_progress(done)
                self.env.invalidate_all()
                if not time_left:
                    return
                if not done and run.state == "running":
                    break  # another process has the lock

    def _process_batch(self, limit=BATCH_SIZE):
        """Bill the next statements of the queue; the run is done when none is left.

        :return: how many statements left the queue
        """
        run = self._elevated().try_lock_for_update()
        if not run or run.state != "running":
            return 0
        statements = run._next_statements(limit)
        run._bill(statements)
        if not run._next_statements(1):
            run.state = "done"
            run.activity_feedback(["iaas_billing.mail_activity_type_bill"])
        return len(statements)

    def _bill(self, statements):
        """Bill the statements together; when that fails, each half of their contracts
        by itself, so that only those that fail are set aside."""
        contracts = statements.contract_id
        try:
            with self.env.cr.savepoint():
                self._set_aside(statements._settle())
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:  # noqa: BLE001 any failure must leave the others billed
            if len(contracts) == 1:
                self._set_aside({contracts: self._get_reason(contracts, error)})
                return
            middle = len(contracts) // 2
            for half in (contracts[:middle], contracts[middle:]):
                self._bill(statements.filtered(lambda s: s.contract_id in half))  # noqa: B023

    def _get_reason(self, contract, error):
        """What the owner of the blocker is told; a defect is logged as well."""
        if isinstance(error, (UserError, ValueError, IntegrityError)):
            return str(error)
        _logger.error("%s: %s failed", self.name, contract.display_name, exc_info=error)
        return self.env._(
            "Unexpected error, see the server's log: %(error)s", error=repr(error)
        )

    def _set_aside(self, reasons):
        """Hold the drafts of the contracts and open a blocker for each.

        :param reasons: ``{contract: text}``
        """
        for contract, reason in reasons.items():
            held = self.env["iaas.statement"].search(
                [
                    ("run_id", "=", self.id),
                    ("contract_id", "=", contract.id),
                    ("state", "in", ("draft", "confirmed")),
                ],
                order="period_start",
            )
            held.write({"is_held": True})
            self.env["iaas.billing.blocker"]._set_aside(
                self, contract, reason, held[:1]
            )

    def _retry(self, blockers):
        """Bill the contracts that were set aside once more."""
        run = self._elevated()
        blockers = blockers.with_env(run.env).filtered(
            lambda blocker: blocker.state == "open"
        )
        contracts = blockers.contract_id
        run._collect_statements(contracts)
        run._bill(run._next_statements(contracts=contracts))
        # What has nothing left to bill has nothing left to block.
        waiting = run.env["iaas.statement"].search(
            [
                ("contract_id", "in", contracts.ids),
                ("state", "in", ("draft", "confirmed")),
                ("is_held", "=", True),
            ]
        )
        blockers.filtered(
            lambda blocker: (
                blocker.state == "open"
                and blocker.statement_id
                and blocker.contract_id not in waiting.contract_id
            )
        )._solve()
