from datetime import timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from .iaas_statement import OPEN_STATES

REVIEW_ACTIVITY = "iaas_billing.mail_activity_type_review"
_BATCH_SIZE = 100


class IaasStatement(models.Model):
    """From the draft to the posted statement: grace, review, confirmation (R65)."""

    _inherit = "iaas.statement"

    grace_until = fields.Datetime(
        readonly=True,
        copy=False,
        help="Until then usage of the period may come in; the statement is posted "
        "after it.",
    )
    waits_for = fields.Selection(
        [("grace", "End of the grace"), ("earlier", "An earlier period")],
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Why a statement that is ready has not gone on yet.",
    )
    rated_at = fields.Datetime(string="Rated", readonly=True, copy=False)
    reviewed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    sent_at = fields.Datetime(string="Sent for Confirmation", readonly=True, copy=False)
    confirm_by = fields.Date(
        string="To Confirm by", readonly=True, copy=False, index="btree_not_null"
    )
    is_silence_consent = fields.Boolean(
        string="Silence Is Consent", readonly=True, copy=False
    )
    confirmed_at = fields.Datetime(string="Confirmed on", readonly=True, copy=False)
    confirmed_by_id = fields.Many2one(
        "res.partner", string="Confirmed by", readonly=True, copy=False
    )
    confirmation = fields.Selection(
        [
            ("portal", "By the customer in the portal"),
            ("internal", "Entered by us"),
            ("silent", "By silence"),
        ],
        string="How Confirmed",
        readonly=True,
        copy=False,
    )
    posted_at = fields.Datetime(string="Posted on", readonly=True, copy=False)

    @api.model_create_multi
    def create(self, vals_list):
        statements = super().create(vals_list)
        # Usage that may still come in is nothing that an advance waits for.
        for statement in statements.filtered(
            lambda draft: draft.kind == "regular" and not draft.correction_of_id
        ):
            days = statement._get_rules().statement_grace_days
            if days and not statement.grace_until:
                statement.grace_until = statement.period_end + timedelta(days=days)
        return statements

    def _get_rules(self):
        """The tier of the customer where it has rules of its own, else the company."""
        tier = self.partner_id.commercial_partner_id.iaas_tier_id
        return tier if tier.has_statement_rules else self.company_id

    def _rate(self):
        problems = super()._rate()
        rated = self.filtered(lambda statement: statement not in problems)
        rated.write({"rated_at": fields.Datetime.now()})
        return problems

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def _check_billing(self):
        """Whoever may start a run may move its statements on."""
        self.env["iaas.billing.run"].check_access("write")
        self.check_access("read")

    def action_rate(self):
        """Compute the lines of draft statements anew, without invoicing them."""
        self._check_billing()
        drafts = self.filtered(lambda statement: statement.state == "draft")
        problems = drafts.sudo()._rate()
        if problems:
            raise UserError("\n".join(problems.values()))

    def action_take_back(self):
        """Make it a draft again and rate it anew: the customer is asked again."""
        self._check_billing()
        open_ones = self.filtered(
            lambda statement: statement.state in ("review", "sent", "confirmed")
        ).sudo()
        open_ones.write(
            {
                "state": "draft",
                "waits_for": False,
                "reviewed_by_id": False,
                "sent_at": False,
                "confirm_by": False,
                "confirmed_at": False,
                "confirmed_by_id": False,
                "confirmation": False,
            }
        )
        open_ones.activity_unlink([REVIEW_ACTIVITY])
        problems = open_ones._rate()
        if problems:
            raise UserError("\n".join(problems.values()))

    def action_go_on(self):
        """Take drafts as far as the rules let them go: to review, to the customer or
        to the invoice."""
        self._check_billing()
        regular = self.filtered(
            lambda statement: (
                statement.state in ("draft", "confirmed")
                and not statement.correction_of_id
            )
        )
        regular.sudo()._go_on()

    def action_end_grace(self):
        """Post before the grace is over, for instance for a customer who leaves."""
        self._check_billing()
        drafts = self.filtered(lambda statement: statement.state == "draft").sudo()
        drafts.write({"grace_until": fields.Datetime.now(), "waits_for": False})
        for statement in drafts:
            statement.message_post(
                body=self.env._(
                    "Grace ended by %(user)s.", user=self.env.user.display_name
                )
            )
        drafts.filtered(lambda draft: not draft.correction_of_id)._go_on()

    def action_approve(self):
        """Let reviewed statements go on to the customer or to the invoice."""
        self._check_billing()
        reviewed = self.filtered(lambda statement: statement.state == "review").sudo()
        if not reviewed:
            raise UserError(
                self.env._("None of these statements is in review: nothing to approve.")
            )
        reviewed.reviewed_by_id = self.env.user
        reviewed.activity_feedback([REVIEW_ACTIVITY])
        asked = reviewed.filtered(lambda statement: statement._asks_customer())
        asked._send_for_confirmation()
        (reviewed - asked).write({"state": "confirmed"})
        (reviewed - asked)._go_on()

    def action_confirm(self):
        """Note that the customer has confirmed, by mail or on the telephone."""
        self._check_billing()
        self.sudo()._confirm("internal", self.env.user.partner_id)
        self.sudo()._go_on()

    # ------------------------------------------------------------------
    # Gates
    # ------------------------------------------------------------------

    def _go_on(self):
        """Bill what is due; what fails is set aside by its run."""
        for run, statements in self.grouped("run_id").items():
            if not run:
                reasons = statements._settle()
                if reasons:
                    raise UserError("\n".join(reasons.values()))
                continue
            run = run._elevated()
            run._bill(statements.with_env(run.env))

    def _pass_gates(self):
        """Let each rated statement take its next step.

        :return: those with nothing left to wait for, in the order of their periods
        """
        now = fields.Datetime.now()
        waiting = self.search(
            [
                ("contract_id", "in", self.contract_id.ids),
                ("correction_of_id", "=", False),
                ("kind", "=", "regular"),
                ("state", "in", OPEN_STATES),
                ("id", "not in", self.ids),
            ]
        )
        first_waiting = {}
        for statement in waiting:
            self._note_first(first_waiting, statement)
        passed, reviews, asked = self.browse(), self.browse(), self.browse()
        for statement in self.sorted("period_start"):
            gate = statement._get_gate(now, first_waiting.get(statement.contract_id))
            if not gate:
                passed += statement
                continue
            self._note_first(first_waiting, statement)
            if gate == "review":
                reviews += statement
            elif gate == "sent":
                asked += statement
            else:
                statement.waits_for = gate
        reviews._send_to_review()
        asked._send_for_confirmation()
        return passed

    @staticmethod
    def _note_first(first_waiting, statement):
        known = first_waiting.get(statement.contract_id, statement.period_start)
        first_waiting[statement.contract_id] = min(known, statement.period_start)

    def _get_gate(self, now, first_waiting):
        """What the statement has to wait for; nothing when it may be posted.

        :param first_waiting: start of the first period of the contract that waits
        """
        if self.state == "draft":
            if self.grace_until and self.grace_until > now:
                return "grace"
            if self._get_rules().statement_review:
                return "review"
            if self._asks_customer():
                return "sent"
        if first_waiting and first_waiting < self.period_start:
            return "earlier"
        return None

    def _asks_customer(self):
        rules = self._get_rules()
        return rules.statement_confirmation != "none" and bool(self.line_ids)

    def _send_to_review(self):
        self.write({"state": "review"})
        activity_type = self.env.ref(REVIEW_ACTIVITY)
        for statement in self:
            statement.activity_schedule(
                REVIEW_ACTIVITY,
                date_deadline=activity_type._get_date_deadline(),
                user_id=(
                    statement.run_id._get_able(
                        statement.company_id, statement.run_id.user_id
                    )
                    or self.env.user
                ).id,
            )

    def _send_for_confirmation(self):
        """Show the statement to the customer and ask for the confirmation."""
        now = fields.Datetime.now()
        for statement in self:
            rules = statement._get_rules()
            today = self._civil_day(now, ZoneInfo(statement.timezone))
            statement.write(
                {
                    "state": "sent",
                    "sent_at": now,
                    "confirm_by": today + timedelta(days=rules.statement_confirm_days),
                    "is_silence_consent": rules.statement_confirmation == "silent",
                }
            )

    def _confirm(self, how, partner=None):
        """Close the confirmation.

        :param how: a value of ``confirmation``
        :param partner: who confirmed
        """
        for statement in self:
            if statement.state != "sent":
                raise UserError(
                    self.env._(
                        "%(statement)s does not wait for a confirmation.",
                        statement=statement.name,
                    )
                )
            if statement.open_dispute_count:
                raise UserError(
                    self.env._(
                        "%(statement)s has lines in dispute. Settle the disputes "
                        "first; then it can be confirmed.",
                        statement=statement.name,
                    )
                )
        self.write(
            {
                "state": "confirmed",
                "confirmed_at": fields.Datetime.now(),
                "confirmed_by_id": partner.id if partner else False,
                "confirmation": how,
            }
        )
        for statement in self:
            statement.message_post(
                body=self.env._(
                    "Confirmed: %(how)s.",
                    how=dict(
                        self._fields["confirmation"]._description_selection(self.env)
                    )[how],
                )
            )

    # ------------------------------------------------------------------
    # Clock
    # ------------------------------------------------------------------

    @api.model
    def _cron_follow(self):
        """Take silence for consent when its time is over, and go on with what has
        nothing left to wait for."""
        cron = self.env["ir.cron"]
        now = fields.Datetime.now()
        silent = self.search(
            [
                ("state", "=", "sent"),
                ("is_silence_consent", "=", True),
                ("confirm_by", "<=", now.date()),
                ("dispute_ids", "not any", [("state", "=", "open")]),
            ]
        )
        # The last day ends where the customer is.
        silent.filtered(
            lambda statement: (
                statement.confirm_by
                < self._civil_day(now, ZoneInfo(statement.timezone))
            )
        )._confirm("silent")
        self._clear_waits()
        ready = self.search(
            [
                ("state", "in", ("draft", "confirmed")),
                ("correction_of_id", "=", False),
                ("is_held", "=", False),
                ("waits_for", "=", False),
                ("run_id.state", "in", ("done", "cancelled")),
            ],
            order="period_start, id",
        )
        cron._commit_progress(remaining=len(ready))
        for start in range(0, len(ready), _BATCH_SIZE):
            batch = ready[start : start + _BATCH_SIZE].try_lock_for_update()
            batch._go_on()
            if not cron._commit_progress(_BATCH_SIZE):
                return
            self.env.invalidate_all()

    @api.model
    def _clear_waits(self):
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM iaas_statement statement
                 WHERE waits_for = 'grace' AND grace_until <= %(now)s
                    OR waits_for = 'earlier' AND NOT EXISTS (
                       SELECT FROM iaas_statement before
                        WHERE before.contract_id = statement.contract_id
                          AND before.correction_of_id IS NULL
                          AND before.kind = 'regular'
                          AND before.period_start < statement.period_start
                          AND before.state = ANY(%(open)s))
                """,
                now=fields.Datetime.now(),
                open=list(OPEN_STATES),
            )
        )
        self.browse(row[0] for row in rows).write({"waits_for": False})

    def _wait_text(self):
        """What an open statement waits for, for people."""
        self.ensure_one()
        if self.waits_for == "grace":
            return self.env._(
                "Usage may come in until %(day)s.",
                day=format_date(self.env, self.grace_until),
            )
        if self.state == "sent":
            return self.env._(
                "The customer has until %(day)s to confirm.",
                day=format_date(self.env, self.confirm_by),
            )
        return ""
