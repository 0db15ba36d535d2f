import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..rating.usage import CARRIED

_logger = logging.getLogger(__name__)

ACTIVITY = "iaas_billing.mail_activity_type_after_close"
# A transaction that was still storing events while a statement was rated may have
# begun this much earlier.
_MARGIN = timedelta(hours=6)
_CHECKED = "iaas_billing.after_close_checked"
_PASS = "iaas_billing.after_close_pass"
_BATCH = 100


class IaasAfterClose(models.Model):
    """Usage that came in after its period was posted. It waits here with its amount
    until a person bills, credits or writes it off; nothing is dropped."""

    _name = "iaas.after.close"
    _description = "Usage After Close"
    _inherit = ["iaas.gated.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "state, date_due, id"
    _rec_name = "statement_id"
    _check_company_auto = True

    statement_id = fields.Many2one(
        "iaas.statement",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    contract_id = fields.Many2one(
        related="statement_id.contract_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(
        related="statement_id.partner_id", store=True, precompute=True
    )
    company_id = fields.Many2one(
        related="statement_id.company_id", store=True, precompute=True
    )
    currency_id = fields.Many2one(related="statement_id.currency_id")
    date_from = fields.Date(related="statement_id.date_from")
    date_to = fields.Date(related="statement_id.date_to")
    event_count = fields.Integer(
        string="Events", readonly=True, help="Events received since it was rated."
    )
    first_received_at = fields.Datetime(string="First Received", readonly=True)
    last_received_at = fields.Datetime(string="Last Received", readonly=True)
    amount = fields.Monetary(
        string="Difference",
        readonly=True,
        help="What the period comes to with them, less what was posted; before tax.",
    )
    obstacle = fields.Text(
        readonly=True, help="Why the difference cannot be computed or billed."
    )
    usage_hash = fields.Char(readonly=True)
    user_id = fields.Many2one(
        "res.users", string="Owner", required=True, tracking=True, index=True
    )
    date_due = fields.Date(string="Due", required=True, tracking=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("corrected", "Billed or Credited"),
            ("written_off", "Written Off"),
            ("void", "Statement Voided"),
        ],
        string="Status",
        default="open",
        required=True,
        readonly=True,
        tracking=True,
        index=True,
    )
    correction_id = fields.Many2one(
        "iaas.statement",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    reason = fields.Char(readonly=True)

    _open_unique = models.UniqueIndex(
        "(statement_id) WHERE state = 'open'",
        "A period has one open item of usage after close.",
    )

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "statement_id",
            "contract_id",
            "partner_id",
            "company_id",
            "event_count",
            "first_received_at",
            "last_received_at",
            "amount",
            "obstacle",
            "usage_hash",
            "state",
            "correction_id",
            "reason",
        }

    def write(self, vals):
        if "user_id" in vals:
            self.activity_ids.filtered(
                lambda activity: activity.user_id.id != vals["user_id"]
            ).user_id = vals["user_id"]
        if vals.get("date_due"):
            self.activity_ids.date_deadline = vals["date_due"]
        return super().write(vals)

    # ------------------------------------------------------------------
    # Decisions
    # ------------------------------------------------------------------

    def action_correct(self):
        """Make the correction statement, or open the one that is there."""
        self.ensure_one()
        self._check_open()
        action = self.statement_id.action_correct()
        self.sudo().correction_id = action["res_id"]
        return action

    def action_write_off(self):
        """Ask why it is not billed."""
        self.ensure_one()
        return self.env["iaas.statement.reason"]._ask(self, "write_off")

    def action_refresh(self):
        """Look again at what came in."""
        self._check_open()
        self.sudo()._queue(self.statement_id.sudo())

    def action_view_usage(self):
        """Open the events of the period that came in after it was rated."""
        self.ensure_one()
        action = self.statement_id.action_view_usage()
        since = self.first_received_at or self.statement_id.rated_at - _MARGIN
        return action | {"domain": [*action["domain"], ("received_at", ">=", since)]}

    def _check_open(self):
        self.check_access("write")
        if any(item.state != "open" for item in self):
            raise UserError(self.env._("This was settled already."))

    def _write_off(self, reason):
        """Post the difference as not charged, so that no later correction bills it."""
        self._check_open()
        self.statement_id._check_manager()
        for item in self.sudo():
            if not item.obstacle:
                correction = item.statement_id._make_correction(reason)
                problems = correction._rate()
                if problems:
                    raise UserError("\n".join(problems.values()))
                if correction.line_ids:
                    correction._waive(reason)
                    item.correction_id = correction
                    item.usage_hash = correction.usage_hash
                else:
                    correction.unlink()
            item._close("written_off", reason)

    def _note_corrected(self, correction):
        """The correction that was just posted has counted them."""
        self.write(
            {"correction_id": correction.id, "usage_hash": correction.usage_hash}
        )
        self._close(
            "corrected", self.env._("Billed by %(name)s.", name=correction.name)
        )

    def _close(self, state, reason):
        still_open = self.filtered(lambda item: item.state == "open")
        still_open.write({"state": state, "reason": reason})
        still_open.activity_feedback([ACTIVITY], feedback=reason)

    # ------------------------------------------------------------------
    # Queue
    # ------------------------------------------------------------------

    @api.model
    def _cron_collect(self):
        """Queue the posted periods for which usage came in since.

        Where time is over before all are seen to, the next call goes on behind them.
        """
        parameters = self.env["ir.config_parameter"].sudo()
        since = fields.Datetime.to_datetime(parameters.get_param(_CHECKED) or None)
        began, done_to = self._get_pass()
        statements = self._find_changed(since and since - _MARGIN).filtered(
            lambda statement: statement.id > done_to
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(statements))
        for start in range(0, len(statements), _BATCH):
            batch = statements[start : start + _BATCH]
            self._queue_apart(batch)
            if not cron._commit_progress(len(batch)):
                parameters.set_param(_PASS, f"{began}/{batch[-1].id}")
                return
        # What came in since the pass began is for the next one.
        parameters.set_param(_CHECKED, began)
        parameters.set_param(_PASS, False)

    @api.model
    def _get_pass(self):
        """When the pass began that was left unfinished, else now, as text, and the
        last statement that it has seen to, else 0."""
        unfinished = self.env["ir.config_parameter"].sudo().get_param(_PASS)
        if not unfinished:
            return fields.Datetime.to_string(fields.Datetime.now()), 0
        began, done_to = unfinished.split("/")
        return began, int(done_to)

    @api.model
    def _find_changed(self, since):
        """The statements to look at: those that usage came in for since then, and
        those posted since then. What came in between the rating and the posting, while
        the customer had the statement in hand, was nobody's until now."""
        Statement = self.env["iaas.statement"]
        found = self._find_late(since=since)
        if since:
            posted = Statement.search(
                [("state", "=", "posted"), ("posted_at", ">=", since)]
            )
            found |= self._find_late(posted)
        return Statement.browse(sorted(found))

    @api.model
    def _find_late(self, statements=None, since=None):
        """The posted statements with events received since they were rated.

        What goes on under a renewal is counted for the contract that held at the
        time. A level that was reported late for the time before counts as well, where
        it is the one that the period begins with.

        :param statements: only these
        :param since: only by events received from then on
        :return: ``{statement id: (events, first received, last received, whether one
            of them is a level of the time before)}``
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE chain (contract_id, holder_id) AS (
                    SELECT id, id FROM iaas_contract
                    UNION
                    SELECT contract.renewal_of_id, chain.holder_id
                      FROM chain JOIN iaas_contract contract
                        ON contract.id = chain.contract_id
                     WHERE contract.renewal_of_id IS NOT NULL),
                statement AS (
                    SELECT id, contract_id, period_start, period_end, date_from,
                           rated_at, rated_at - %(margin)s AS since
                      FROM iaas_statement
                     WHERE state = 'posted' AND correction_of_id IS NULL
                       AND kind = 'regular'
                       AND rated_at IS NOT NULL %(some)s),
                event AS (%(within)s UNION ALL %(before)s)
                SELECT id, GREATEST(COUNT(*) FILTER %(late)s, 1),
                       MIN(received_at) FILTER %(late)s,
                       MAX(received_at) FILTER %(late)s,
                       BOOL_OR(is_level)
                  FROM event
                 GROUP BY id
                 ORDER BY id
                """,
                margin=_MARGIN,
                late=SQL("(WHERE received_at > rated_at)"),
                within=self._query_late_within(since),
                before=self._query_late_before(since),
                some=(
                    SQL("AND id = ANY(%s)", statements.ids)
                    if statements is not None
                    else SQL()
                ),
            )
        )
        return {row[0]: row[1:] for row in rows}

    def _query_late_within(self, since):
        return SQL(
            """
            SELECT statement.id, statement.rated_at, event.received_at,
                   FALSE AS is_level
              FROM statement
              JOIN chain ON chain.contract_id = statement.contract_id
              JOIN iaas_resource resource ON resource.contract_id = chain.holder_id
              JOIN iaas_usage_event event
                ON event.resource_id = resource.id
               AND event.time >= statement.period_start
               AND event.time < statement.period_end
               AND event.received_at >= statement.since
               %s
            """,
            self._received_since(since),
        )

    def _query_late_before(self, since):
        """The levels that no other report ends before the period begins."""
        return SQL(
            """
            SELECT statement.id, statement.rated_at, event.received_at, TRUE
              FROM statement
              JOIN chain ON chain.contract_id = statement.contract_id
              JOIN iaas_resource resource
                ON resource.contract_id = chain.holder_id
               AND (resource.date_end IS NULL
                    OR resource.date_end >= statement.date_from)
              JOIN iaas_usage_event event
                ON event.resource_id = resource.id
               AND event.time < statement.period_start
               AND event.received_at >= statement.since
               AND NOT event.summed
               %(received)s
              JOIN iaas_meter meter
                ON meter.id = event.meter_id
               AND meter.aggregation = ANY(%(carried)s)
             WHERE NOT EXISTS (
                   SELECT FROM iaas_usage_event later
                    WHERE later.resource_id = event.resource_id
                      AND later.meter_id = event.meter_id
                      AND NOT later.summed
                      AND later.time > event.time
                      AND later.time <= statement.period_start)
            """,
            received=self._received_since(since),
            carried=list(CARRIED),
        )

    @staticmethod
    def _received_since(since):
        return SQL("AND event.received_at >= %s", since) if since else SQL()

    @api.model
    def _queue_apart(self, statements):
        """Queue the statements; one that fails is queued with its failure and keeps
        none of the others back."""
        try:
            with self.env.cr.savepoint():
                self._queue(statements)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:  # noqa: BLE001 the others must be queued
            if len(statements) > 1:
                middle = len(statements) // 2
                self._queue_apart(statements[:middle])
                self._queue_apart(statements[middle:])
                return
            _logger.error("%s: late usage", statements.name, exc_info=error)
            obstacle = self.env._(
                "Unexpected error, see the server's log: %(error)s", error=repr(error)
            )
            self._queue(
                statements, {statements: statements._make_outcome(None, obstacle)}
            )

    @api.model
    def _queue(self, statements, outcomes=None):
        """Open or refresh the items of those statements whose usage is not the one
        that was billed or written off.

        :param outcomes: what correcting them would come to, where it is known
        """
        found = self._find_late(statements)
        late = statements.filtered(lambda statement: statement.id in found)
        open_items = {
            item.statement_id: item
            for item in late.after_close_ids
            if item.state == "open"
        }
        if outcomes is None:
            outcomes = late._try_correction()
        for statement in late:
            outcome = outcomes[statement]
            count, first, last, is_level = found[statement.id]
            item = open_items.get(statement)
            if self._is_settled(statement, outcome, last, is_level):
                if item:
                    item._close("corrected", self.env._("Billed already."))
                continue
            values = outcome | {
                "event_count": count,
                "first_received_at": first,
                "last_received_at": last,
            }
            if item:
                item.write(values)
            else:
                self._open(statement, values)

    @api.model
    def _is_settled(self, statement, outcome, last, is_level):
        """Whether what came in was billed or written off.

        :param outcome: what correcting the statement would come to
        :param last: when the last of it was received
        :param is_level: whether it may be a level of the time before, which is no
            usage of the period and yet changes what it comes to
        """
        closed = statement.after_close_ids.filtered(lambda item: item.state != "open")
        usage, obstacle = outcome["usage_hash"], outcome["obstacle"]
        if not usage or (is_level and obstacle):
            # It was not rated, and is known by its time alone.
            return any(
                not last or (item.last_received_at and item.last_received_at >= last)
                for item in closed
            )
        rated = statement + statement.correction_ids.filtered(
            lambda other: other.state == "posted"
        )
        known = {*rated.mapped("usage_hash"), *closed.mapped("usage_hash")}
        return usage in known and not (is_level and outcome["amount"])

    @api.model
    def _open(self, statement, values):
        activity_type = self.env.ref(ACTIVITY)
        due = activity_type._get_date_deadline()
        owner = (
            self.env["iaas.billing.run"]._get_able(
                statement.company_id, statement.run_id.user_id
            )
            or self.env.user
        )
        self.flush_model(["state"])  # for the unique index of open ones
        item = self.create(
            values
            | {"statement_id": statement.id, "user_id": owner.id, "date_due": due}
        )
        item.activity_schedule(ACTIVITY, date_deadline=due, user_id=owner.id)
        return item
