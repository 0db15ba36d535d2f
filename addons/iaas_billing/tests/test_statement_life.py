from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestStatementLife(IaasBillingCommon):
    """R65: grace, review and confirmation between the draft and the invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.server_resource = cls._iaas_resource(cls.server)
        cls.resource = cls._iaas_resource(cls.traffic)
        cls.contract.date_start = date(2026, 6, 1)

    def _rules(self, **values):
        self.tier_large.write(
            {"has_statement_rules": True}
            | {f"statement_{name}": value for name, value in values.items()}
        )

    def _june(self, **values):
        run = self._run(date(2026, 6, 30), **values)
        self.assertEqual(run.state, "done")
        return run.statement_ids

    def _clock(self, day):
        with freeze_time(f"{day} 10:00:00"):
            self.env["iaas.statement"]._cron_follow()

    def test_usage_comes_in_during_the_grace(self):
        """A draft waits, is refreshed with what came in, and posts after the grace."""
        self._rules(grace_days=15)
        statement = self._june()
        self.assertEqual((statement.state, statement.waits_for), ("draft", "grace"))
        self.assertEqual(statement.amount_untaxed, 80)
        self._use(self.resource, ("2026-06-20 00:00:00", "100"))
        statement.with_user(self.billing_user).action_rate()
        self.assertEqual(statement.amount_untaxed, 88.5)
        self._use(self.resource, ("2026-06-21 00:00:00", "100"))
        self._clock("2026-07-15")
        self.assertEqual(statement.state, "draft")
        self._clock("2026-07-16")
        self.assertEqual(statement.state, "posted")
        self.assertEqual(statement.move_id.amount_untaxed, 97)

    def test_grace_is_ended_by_hand(self):
        self._rules(grace_days=15)
        statement = self._june()
        statement.with_user(self.billing_user).action_end_grace()
        self.assertEqual(statement.state, "posted")

    def test_refresh_keeps_nothing_stale(self):
        """What is no longer due leaves the draft."""
        self._rules(grace_days=15)
        self._use(self.resource, ("2026-06-20 00:00:00", "100"))
        statement = self._june()
        before = statement.usage_hash
        self.assertEqual(statement.line_count, 2)
        self.server_resource.is_void = True
        self._use(self.resource, ("2026-06-20 01:00:00", "100"))
        statement.action_rate()
        statement.invalidate_recordset()
        self.assertEqual(statement.line_ids.product_id, self.traffic)
        self.assertExact(statement.line_ids.quantity, "200")
        self.assertEqual(statement.amount_untaxed, 17)
        self.assertNotEqual(statement.usage_hash, before)

    def test_review_then_invoice(self):
        self._rules(review=True)
        statement = self._june(user_id=self.billing_user.id)
        self.assertEqual(statement.state, "review")
        self.assertEqual(statement.activity_ids.user_id, statement.run_id.user_id)
        self._clock("2026-12-31")
        self.assertEqual(statement.state, "review")
        with self.assertRaises(AccessError):
            statement.with_user(self.sales_user).action_approve()
        statement.with_user(self.billing_user).action_approve()
        self.assertEqual(statement.state, "posted")
        self.assertEqual(statement.reviewed_by_id, self.billing_user)
        self.assertFalse(statement.activity_ids)
        # Chosen in the list by mistake: who presses the button is told.
        with self.assertRaisesRegex(UserError, "None of these statements is in review"):
            statement.with_user(self.billing_user).action_approve()

    def test_silence_is_consent(self):
        self._rules(confirmation="silent", confirm_days=5)
        statement = self._june()
        self.assertEqual(statement.state, "sent")
        self.assertEqual(statement.confirm_by, date(2026, 7, 15))
        self._clock("2026-07-15")
        self.assertEqual(statement.state, "sent")
        # What comes in now was not shown to the customer: it is not billed silently.
        self._use(self.resource, ("2026-06-20 00:00:00", "100"))
        self._clock("2026-07-16")
        self.assertEqual(
            (statement.state, statement.confirmation), ("posted", "silent")
        )
        self.assertEqual(statement.move_id.amount_untaxed, 80)

    def test_silence_lasts_until_the_day_is_over_where_the_customer_is(self):
        """15 July: in San Francisco it lasts until 07:00 UTC of the next day."""
        self._rules(confirmation="silent", confirm_days=5)
        self.contract.timezone = "America/Los_Angeles"
        statement = self._june()
        self.assertEqual(statement.confirm_by, date(2026, 7, 15))
        for at, state in (("06:59:59", "sent"), ("07:00:00", "posted")):
            with freeze_time(f"2026-07-16 {at}"):
                self.env["iaas.statement"]._cron_follow()
            self.assertEqual(statement.state, state)

    def test_required_confirmation_waits_for_ever(self):
        self._rules(confirmation="explicit", confirm_days=5)
        statement = self._june()
        self._clock("2026-12-31")
        self.assertEqual(statement.state, "sent")
        statement.with_user(self.billing_user).action_confirm()
        self.assertEqual(statement.state, "posted")
        self.assertEqual(statement.confirmation, "internal")
        self.assertEqual(statement.confirmed_by_id, self.billing_user.partner_id)

    def test_later_period_waits_for_the_earlier(self):
        """Invoices keep the order of the periods."""
        self._rules(confirmation="explicit")
        june = self._june()
        self._rules(confirmation="none")
        with freeze_time("2026-08-05 09:00:00"):
            july = self._run(date(2026, 7, 31)).statement_ids - june
            # June was taken over by the run, and stays with the customer.
            self.assertEqual(june.state, "sent")
            self.assertEqual((july.state, july.waits_for), ("draft", "earlier"))
            june.action_confirm()
        self._clock("2026-08-05")
        self.assertEqual(july.state, "posted")
        self.assertLess(june.move_id.name, july.move_id.name)

    def test_taken_back_is_asked_again(self):
        self._rules(confirmation="explicit")
        statement = self._june()
        self._use(self.resource, ("2026-06-20 00:00:00", "100"))
        statement.with_user(self.billing_user).action_take_back()
        self.assertEqual((statement.state, statement.sent_at), ("draft", False))
        self.assertEqual(statement.amount_untaxed, 88.5)
        statement.with_user(self.billing_user).action_go_on()
        self.assertEqual(statement.state, "sent")

    def test_company_rules_without_those_of_the_tier(self):
        self.company.statement_confirmation = "explicit"
        self.assertEqual(self._june().state, "sent")

    def test_dispute_holds_the_statement(self):
        """R67: owner, due date, and no silent acceptance meanwhile."""
        self._rules(confirmation="silent", confirm_days=5)
        statement = self._june()
        dispute = (
            self.env["iaas.statement.dispute"]
            .with_user(self.billing_user)
            .create({"line_id": statement.line_ids.id, "reason": "Not ordered"})
        )
        self.assertEqual(dispute.user_id, self.contract.user_id)
        self.assertEqual(dispute.date_due, date(2026, 7, 15))
        self.assertEqual(dispute.activity_ids.user_id, dispute.user_id)
        dispute.date_due = date(2026, 7, 20)
        self.assertEqual(dispute.activity_ids.date_deadline, date(2026, 7, 20))
        self._clock("2026-07-31")
        self.assertEqual(statement.state, "sent")
        with self.assertRaisesRegex(UserError, "dispute"), self.env.cr.savepoint():
            statement.action_confirm()
        with self.assertRaisesRegex(UserError, "by hand"), self.env.cr.savepoint():
            dispute.with_user(self.billing_manager).state = "rejected"
        with self.assertRaisesRegex(UserError, "stays"), self.env.cr.savepoint():
            dispute.reason = "Other"
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            dispute.with_user(self.sales_user)._reject("no")
        self._step(dispute.action_reject(), "It was ordered on 3 May.")
        self.assertEqual((dispute.state, dispute.activity_ids.ids), ("rejected", []))
        self.assertEqual(
            (statement.dispute_count, statement.open_dispute_count), (1, 0)
        )
        self._clock("2026-07-31")
        self.assertEqual(statement.state, "posted")
        with self.assertRaisesRegex(UserError, "kept"), self.env.cr.savepoint():
            dispute.sudo().unlink()

    def _step(self, action, reason, **values):
        wizard = (
            self.env["iaas.statement.reason"]
            .with_user(self.billing_manager)
            .with_context(**action["context"])
            .create({"reason": reason, **values})
        )
        wizard.action_apply()

    def test_accepted_dispute_makes_a_draft_of_it(self):
        self._rules(confirmation="silent")
        statement = self._june()
        dispute = self.env["iaas.statement.dispute"].create(
            {"line_id": statement.line_ids.id, "reason": "Too dear"}
        )
        self._step(dispute.action_accept(), "Right.")
        self.assertEqual((dispute.state, statement.state), ("accepted", "draft"))

    def test_what_was_disputed_stays_in_the_log(self):
        """The customer was right: nothing was rented. Without the line the log says
        what was said, and nobody is reminded of it."""
        self._rules(confirmation="silent")
        statement = self._june()
        dispute = self.env["iaas.statement.dispute"].create(
            {"line_id": statement.line_ids.id, "reason": "Never ordered"}
        )
        activity = dispute.activity_ids
        self.server_resource.is_void = True
        statement.action_take_back()
        self.assertFalse(dispute.exists() or statement.line_ids)
        self.assertFalse(activity.exists())
        self.assertIn(
            "Never ordered", "".join(statement.message_ids[:2].mapped("body"))
        )

    def test_who_has_left_is_asked_nothing(self):
        self._rules(review=True)
        leaver = self._iaas_user("leaver", "iaas_billing.group_iaas_billing_user")
        self.contract.user_id = leaver
        leaver.active = False
        run = self._run(date(2026, 6, 30), user_id=leaver.id)
        owner = run._default_responsible(self.company)
        self.assertEqual(run.statement_ids.activity_ids.user_id, owner)
        blocker = self.env["iaas.billing.blocker"]._set_aside(run, self.contract, "x")
        self.assertEqual(blocker.user_id, owner)

    def test_accepted_dispute_of_a_posted_line_is_credited(self):
        """The credit note takes the agreed amount and is settled with the invoice."""
        statement = self._june()
        Dispute = self.env["iaas.statement.dispute"].with_user(self.billing_user)
        dispute = Dispute.create({"line_id": statement.line_ids.id, "reason": "Down"})
        action = dispute.action_accept()
        self.assertEqual(action["context"]["default_amount"], 80)
        with self.assertRaisesRegex(UserError, "at most"), self.env.cr.savepoint():
            self._step(action, "Yes.", amount=80.01)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            dispute._accept("Down for a week.", 20)
        self._step(action, "Down for a week.", amount=20)
        credit = dispute.credit_id
        self.assertEqual((credit.state, credit.amount_untaxed), ("posted", -20))
        self.assertEqual(credit.line_ids.corrects_line_id, statement.line_ids)
        self.assertIn("Down for a week", credit.line_ids.explanation)
        move = credit.move_id
        self.assertEqual((move.move_type, move.amount_total), ("out_refund", 22))
        self.assertEqual(move.reversed_entry_id, statement.move_id)
        self.assertEqual(statement.move_id.amount_residual, 66)
        self.assertEqual(move.payment_state, "paid")
        again = Dispute.create({"line_id": statement.line_ids.id, "reason": "More"})
        with self.assertRaisesRegex(UserError, "60"), self.env.cr.savepoint():
            self._step(again.action_accept(), "Yes.", amount=61)
        # What was agreed stays when the period is rated again.
        self._use(self.resource, ("2026-06-20 00:00:00", "100"))
        correction = self.env["iaas.statement"].browse(
            statement.action_correct()["res_id"]
        )
        self.assertEqual(correction.amount_untaxed, 8.5)

    def test_draft_is_not_disputed(self):
        self._rules(review=True)
        with self.assertRaisesRegex(UserError, "nothing to dispute"):
            self.env["iaas.statement.dispute"].create(
                {"line_id": self._june().line_ids.id, "reason": "?"}
            )
