import logging

from psycopg2 import IntegrityError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .iaas_statement import OPEN_STATES

_logger = logging.getLogger(__name__)

#: Statements rated, invoiced and committed together.
BATCH_SIZE = 200

#: How often a batch is begun anew after another process changed what it reads.
_ATTEMPTS = 5


class IaasBillingRun(models.Model):
    """The queue of a run: any number of processes work on it at once, each on
    contracts of its own."""

    _inherit = "iaas.billing.run"

    def _elevated(self):
        """The run as the system handles it: people may start it, but nobody writes
        statements by hand."""
        self.ensure_one()
        return self.sudo().with_company(self.company_id)

    def _get_contract_domain(self, field_name="next_billing_date"):
        """The contracts in which the run looks for elapsed periods, or by
        ``next_advance_date`` for those that begin."""
        domain = [
            ("company_id", "=", self.company_id.id),
            (field_name, "!=", False),
            (field_name, "<=", fields.Date.add(self.date, days=1)),
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
                Domain.OR(
                    [
                        self._get_contract_domain(),
                        self._get_contract_domain("next_advance_date"),
                    ]
                ),
                order="id",
            )
        current = contracts._get_advance_periods()
        advances = contracts._due_advances(self.date)
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
                lambda draft: (draft.kind, draft.period_start, draft.period_end)
            )
            due = [("regular", *period) for period in periods]
            if contract in advances:
                due.append(("advance", *advances[contract]))
            for kind, *period in due:
                if draft := by_period.pop((kind, *period), None):
                    taken += draft
                else:
                    values.append(
                        contract._prepare_statement(*period)
                        | {"kind": kind, "run_id": self.id}
                    )
            # An advance that is due later waits for its day.
            if contract in current:
                by_period.pop(("advance", *current[contract]), None)
            stale = stale.union(*by_period.values())
        # What the customer has in hand is not taken away; people take it back. Fees
        # of a period that is over are no longer billed in advance.
        stale.filtered(
            lambda draft: draft.state == "draft" or draft.kind == "advance"
        ).unlink()
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
            if runs.filtered(lambda run: run.state in ("draft", "running")):
                continue
            responsible = self._get_able(company, runs[:1].user_id)
            if not responsible:
                continue
            run = self.new({"company_id": company.id, "date": self._default_date()})
            if run._has_due():
                run = self.create({"company_id": company.id, "user_id": responsible.id})
                run.activity_schedule(
                    "iaas_billing.mail_activity_type_bill",
                    date_deadline=activity_type._get_date_deadline(),
                    user_id=responsible.id,
                )

    def _has_due(self):
        """Whether anything is due that no blocker holds back."""
        Contract = self.env["iaas.contract"]
        blocked = self._get_blocked_contracts(self.company_id)
        free = [("id", "not in", blocked.ids)]
        if Contract.search_count([*self._get_contract_domain(), *free], limit=1):
            return True
        return bool(
            Contract.search(
                [*self._get_contract_domain("next_advance_date"), *free]
            )._due_advances(self.date)
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
    def _get_able(self, company, *users):
        """The first of the users who is still here and works for the company; else
        whoever is responsible by default. What waits for somebody who has left waits
        for ever."""
        for user in users:
            if user.active and not user.share and company in user.company_ids:
                return user
        return self._default_responsible(company)

    @api.model
    def _get_blocked_contracts(self, company):
        return (
            self.env["iaas.billing.blocker"]
            .search([("company_id", "=", company.id), ("state", "=", "open")])
            .contract_id
        )

    @api.model
    def _cron_process(self):
        """Go on with the running runs and previews, one committed batch after the
        other."""
        cron = self.env["ir.cron"]
        runs = self.search([("state", "=", "running")])
        previews = self.search([("is_previewing", "=", True)])
        cron._commit_progress(
            remaining=sum(len(run._next_statements()) for run in runs)
            + sum(len(run._next_to_preview()) for run in previews)
        )
        for run in previews:
            if not run._work(cron._commit_progress, "_preview_batch"):
                return
        for run in runs:
            if not run._work(cron._commit_progress):
                return

    def _work(self, commit, batch="_process_batch"):
        """Take batches until none is left, or the others are with other processes.

        :param commit: called with how many statements a batch took; returns nothing
            when the time is up
        :return: whether there is time left
        """
        run = self._elevated()
        attempts = 0
        while True:
            try:
                done = getattr(run, batch)()
                time_left = commit(done)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                attempts += 1
                if attempts == _ATTEMPTS:
                    raise
                self.env.cr.rollback()
                self.env.invalidate_all()
                continue
            attempts = 0
            self.env.invalidate_all()
            if not done or not time_left:
                return bool(time_left)

    def _go_on_in_background(self):
        """Have the rest done without anybody waiting for it."""
        self.env.ref("iaas_billing.ir_cron_billing_run").sudo()._trigger()

    def _process_batch(self, limit=BATCH_SIZE):
        """Bill the next statements of the queue; the run is done when none is left.

        :return: how many statements left the queue
        """
        run = self._elevated()
        if run.state != "running":
            return 0
        statements = run._claim_statements(limit)
        run._bill(statements)
        # What other processes have in hand is still queued here: the last one of
        # them, beginning another batch, finds the queue empty.
        if not run._next_statements(1):
            run._finish()
        return len(statements)

    def _claim_statements(self, limit):
        """The next statements of contracts with which no other process is busy.

        The first statement of a contract in the queue stands for the contract: who
        has locked it bills its periods, in their order.
        """
        Statement = self.env["iaas.statement"]
        Statement.flush_model(
            ["run_id", "contract_id", "state", "is_held", "waits_for", "period_start"]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT first.contract_id
                  FROM iaas_statement first
                 WHERE first.run_id = %(run)s AND %(first_queued)s
                   AND NOT EXISTS (
                       SELECT FROM iaas_statement before
                        WHERE before.run_id = first.run_id
                          AND before.contract_id = first.contract_id
                          AND (before.period_start, before.id)
                              < (first.period_start, first.id)
                          AND %(before_queued)s)
                 ORDER BY first.period_start, first.id
                 LIMIT %(limit)s
                   FOR NO KEY UPDATE OF first SKIP LOCKED
                """,
                run=self.id,
                first_queued=_is_queued(SQL.identifier("first")),
                before_queued=_is_queued(SQL.identifier("before")),
                limit=limit,
            )
        )
        contracts = self.env["iaas.contract"].browse(row[0] for row in rows)
        return self._next_statements(limit, contracts)

    def _finish(self):
        self.state = "done"
        self.activity_feedback(["iaas_billing.mail_activity_type_bill"])

    def _cancel(self):
        """Drop the drafts; close what waits for somebody because of them."""
        self.blocker_ids._cancel()
        self.statement_ids.filtered(
            lambda statement: (
                statement.state == "draft" and not statement.correction_of_id
            )
        ).unlink()
        self.write({"state": "cancelled", "is_previewing": False})
        self.activity_unlink(["iaas_billing.mail_activity_type_bill"])

    def _bill(self, statements):
        """Rate, invoice and post the statements."""
        self._do_apart(statements, lambda some: some._settle())

    def _do_apart(self, statements, work):
        """Do the work on all statements together; when that fails, on each half of
        their contracts by itself, so that only those that fail are set aside.

        :param work: takes statements; returns the reasons of those left out
        """
        contracts = statements.contract_id
        try:
            with self.env.cr.savepoint():
                self._set_aside(work(statements))
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:  # noqa: BLE001 any failure must leave the others billed
            if len(contracts) == 1:
                self._set_aside({contracts: self._get_reason(contracts, error)})
                return
            middle = len(contracts) // 2
            for half in (contracts[:middle], contracts[middle:]):
                self._do_apart(
                    statements.filtered(lambda s: s.contract_id in half),  # noqa: B023
                    work,
                )

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


def _is_queued(alias):
    """As ``_next_statements`` has it."""
    return SQL(
        "%(alias)s.state IN ('draft', 'confirmed') AND %(alias)s.is_held IS NOT TRUE "
        "AND %(alias)s.waits_for IS NULL",
        alias=alias,
    )
