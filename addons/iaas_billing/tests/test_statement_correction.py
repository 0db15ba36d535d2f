from datetime import date
from decimal import Decimal

from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.iaas_contract.pricing.numbers import exact

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestStatementCorrection(IaasBillingCommon):
    """A posted statement is never rewritten: what its period comes to now is a
    correction, a credit note or an invoice of its own (R64)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.server_resource = cls._iaas_resource(cls.server)
        cls.resource = cls._iaas_resource(cls.traffic)
        cls.price = cls.traffic.iaas_price_ids
        cls.price.write(
            {
                "charge_model": "graduated",
                "tier_ids": [
                    Command.create({"up_to": "10", "unit_price": "2.005"}),
                    Command.create({"unit_price": "1.0033", "flat_fee": "1"}),
                ],
            }
        )
        cls._use(cls.resource, ("2026-01-05 00:00:00", "8"))
        cls.statement = cls._bill_month(2026, 1)

    #: The day of July on which the next thing happens.
    july = 10

    def _late(self, *values, day=20):
        self.july += 1
        with freeze_time(f"2026-07-{self.july} 09:00:00"):
            self._use(
                self.resource, *((f"2026-01-{day} 00:00:00", value) for value in values)
            )

    def _correct(self, post=True):
        statement = self.statement.with_user(self.billing_user)
        correction = self.env["iaas.statement"].browse(
            statement.action_correct()["res_id"]
        )
        if post:
            correction.with_user(self.billing_user).action_post_correction()
        return correction

    def _content(self):
        return [
            (line.id, line.quantity, line.amount_exact, line.amount)
            for line in self.statement.line_ids
        ]

    def test_without_a_difference_there_is_no_correction(self):
        with (
            self.assertRaisesRegex(UserError, "no difference"),
            self.env.cr.savepoint(),
        ):
            self._correct()
        self.assertFalse(self.statement.correction_ids)

    def test_late_usage_is_an_invoice_of_the_difference(self):
        before, invoice = self._content(), self.statement.move_id.amount_total
        self._late("4")
        correction = self._correct()
        line = correction.line_ids
        self.assertEqual(line.resource_id, self.resource)
        self.assertExact(line.quantity, "4")
        # 12 units: 20.05 + 1 + 2.0066; posted were 16.04.
        self.assertExact(line.amount_exact, "7.0166")
        self.assertEqual(line.amount, 7.02)
        self.assertExact(line.exact_posted, "16.04")
        self.assertEqual(
            line.corrects_line_id,
            self.statement.line_ids.filtered(lambda old: old.meter_id),
        )
        self.assertIn("12 Units by meter", line.explanation)
        self.assertIn("2 Units in tier 2: 3.01", line.explanation)
        self.assertIn("posted before 16.04", line.explanation)
        move = correction.move_id
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_invoice", 7.02))
        self.assertEqual(move.amount_total, 7.72)
        self.assertIn(self.statement.name, move.invoice_line_ids.name)
        self.assertEqual(self._content(), before)
        self.assertEqual(self.statement.move_id.amount_total, invoice)
        self.assertFalse((self.statement + correction)._verify())

    def test_less_is_a_credit_note_settled_with_the_invoice(self):
        """Money end to end: invoice, credit note, payment of the rest."""
        self._iaas_price(
            self.traffic,
            "0.5",
            date_start=date(2026, 1, 1),
            contract_id=self.contract.id,
        )
        correction = self._correct()
        self.assertEqual(correction.amount_untaxed, -12.04)
        move, invoice = correction.move_id, self.statement.move_id
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 12.04))
        self.assertEqual(move.reversed_entry_id, invoice)
        self.assertEqual(move.amount_residual, 0)
        self.assertEqual(invoice.amount_residual, 105.64 - 13.24)
        self.assertEqual(
            move.invoice_line_ids.account_id,
            invoice.invoice_line_ids.account_id,
        )
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        self.assertEqual(invoice.amount_residual, 0)
        self.assertTrue(
            all(
                line.reconciled
                for line in (move + invoice).line_ids
                if line.account_type == "asset_receivable"
            )
        )
        # Sums of statements and of the books are the same.
        both = self.statement + correction
        self.assertEqual(
            sum(both.mapped("amount_untaxed")),
            sum(both.move_id.mapped("amount_untaxed_signed")),
        )

    def test_credit_of_a_paid_invoice_stays_with_the_customer(self):
        invoice = self.statement.move_id
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        self._iaas_price(
            self.traffic,
            "0.5",
            date_start=date(2026, 1, 1),
            contract_id=self.contract.id,
        )
        correction = self._correct()
        self.assertEqual(correction.move_id.amount_residual, 13.24)

    def test_shift_between_families_nets_to_an_entry_without_payment(self):
        self._late("4")
        correction = self._correct(post=False)
        # A traffic line of +7.02 against a server line of as much.
        server = self.statement.line_ids.filtered(lambda line: not line.meter_id)
        self.env["iaas.statement.line"].create(
            server._copy_rated()
            | {
                "statement_id": correction.id,
                "quantity": 0,
                "list_amount": "-7.02",
                "amount_exact": "-7.02",
                "amount": -7.02,
            }
        )
        self.assertEqual(correction.amount_untaxed, 0)
        self.assertFalse(correction._is_free())

    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(
            st.lists(st.decimals("0.001", "1000", places=3), min_size=1, max_size=3),
            min_size=1,
            max_size=3,
        )
    )
    def test_corrections_come_to_the_new_total(self, batches):
        """Whatever comes in and however often it is corrected: the statement and its
        corrections add up to one rating of the whole, exactly."""
        savepoint = self.env.cr.savepoint()
        self.july = 10
        try:
            with freeze_time("2026-07-11 09:00:00"):
                for batch in batches:
                    self._late(*batch, day="07")
                    self._correct()
                statements = self.statement + self.statement.correction_ids
                lines = statements.line_ids.filtered("meter_id")
                with exact():
                    units = 8 + sum(sum(batch) for batch in batches)
                    charged = sum(lines.mapped("amount_exact"))
                    total = self.price.compute_amount(units)
                self.assertEqual(sum(lines.mapped("quantity")), units)
                self.assertEqual(charged, total)
                self.assertEqual(
                    sum(Decimal(str(line.amount)) for line in lines),
                    total.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP"),
                )
                self.assertAlmostEqual(
                    sum(statements.mapped("amount_untaxed")),
                    sum(statements.move_id.mapped("amount_untaxed_signed")),
                )
                with self.assertRaisesRegex(UserError, "no difference"):
                    self._correct(post=False)
        finally:
            savepoint.close(rollback=True)

    def test_a_draft_whose_difference_is_gone_is_not_posted(self):
        correction = self.statement._make_correction("Checked")
        with self.assertRaisesRegex(UserError, "Delete the draft"):
            correction.action_post_correction()

    def test_one_open_correction_and_it_is_kept_fresh(self):
        self._late("4")
        first = self._correct(post=False)
        self._late("1", day=21)
        self.assertEqual(self._correct(post=False), first)
        self.assertExact(first.line_ids.quantity, "5")
        # A run leaves it alone.
        self._run(date(2026, 2, 28))
        self.assertEqual(first.state, "draft")

    def test_only_billing_corrects(self):
        self._late("4")
        for user in (self.sales_user, self.auditor, self.ops_user):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                self.statement.with_user(user).action_correct()
        correction = self._correct(post=False)
        for user in (self.sales_user, self.auditor, self.ops_user):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                correction.with_user(user).action_post_correction()

    # === AFTER CLOSE ===

    def _collect(self):
        with freeze_time(f"2026-07-{self.july} 19:00:00"):
            self.env["iaas.after.close"]._cron_collect()
        return self.statement.after_close_ids

    def test_late_usage_is_queued_with_owner_and_amount(self):
        self.assertFalse(self._collect())
        self._late("4")
        item = self._collect()
        self.assertEqual((item.event_count, item.amount), (1, 7.02))
        run = self.statement.run_id  # of OdooBot, who does nothing
        self.assertEqual(item.user_id, run._default_responsible(self.company))
        self.assertEqual(item.activity_ids.user_id, item.user_id)
        self.assertEqual(item.date_due, date(2026, 7, 16))
        self.assertFalse(self.statement.correction_ids)
        events = self.env["iaas.usage.event"].search(item.action_view_usage()["domain"])
        self.assertEqual(events.mapped("value"), [4])
        self._late("1", day=21)
        self.assertEqual(self._collect(), item)
        self.assertEqual(item.event_count, 2)
        action = self.statement.with_user(self.sales_user).action_view_after_close()
        self.assertEqual(action["res_id"], item.id)
        self.assertEqual(self.statement.after_close_count, 1)
        action = item.with_user(self.billing_user).action_correct()
        correction = self.env["iaas.statement"].browse(action["res_id"])
        correction.with_user(self.billing_user).action_post_correction()
        self.assertEqual((item.state, item.correction_id), ("corrected", correction))
        self.assertFalse(item.activity_ids)
        self.assertEqual(self._collect(), item)

    def test_written_off_is_not_billed_later(self):
        self._late("4")
        item = self._collect()
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            item.with_user(self.billing_user)._write_off("Our fault.")
        item.with_user(self.billing_manager)._write_off("Our fault.")
        self.assertEqual((item.state, item.reason), ("written_off", "Our fault."))
        waived = item.correction_id
        self.assertEqual((waived.state, waived.amount_untaxed), ("posted", 0))
        self.assertFalse(waived.move_id)
        self.assertEqual(waived.line_ids.amount_waived, 7.02)
        self.assertIn("Not charged", waived.line_ids.explanation)
        self.assertFalse(waived._verify())
        self.assertEqual(self._collect(), item)
        self._late("1", day=21)
        news = self._collect() - item
        self.assertEqual((news.state, news.amount), ("open", 1.0))

    def test_what_went_on_under_a_renewal_is_not_credited_by_mistake(self):
        """Its usage is found under the renewal: rating the old period again would
        find nothing."""
        other = self._iaas_contract(self.customer, renewal_of_id=self.contract.id)
        self.resource.contract_id = other
        self._late("4")
        item = self._collect()
        self.assertIn("by hand", item.obstacle)
        with self.assertRaisesRegex(UserError, "by hand"), self.env.cr.savepoint():
            self.statement.action_correct()
        item.with_user(self.billing_manager)._write_off("Invoiced by hand.")
        self.assertEqual(item.state, "written_off")

    def test_items_are_settled_by_work_only(self):
        self._late("4")
        item = self._collect().with_user(self.billing_manager)
        for values in ({"state": "corrected"}, {"amount": 0}):
            with self.assertRaisesRegex(UserError, "by hand"), self.env.cr.savepoint():
                item.write(values)
        item.write({"user_id": self.billing_user.id, "date_due": date(2026, 7, 30)})
        activity = item.activity_ids
        self.assertEqual(activity.user_id, self.billing_user)
        self.assertEqual(activity.date_deadline, date(2026, 7, 30))

    # === VOID ===

    def _void(self, user=None, statement=None):
        statement = statement or self.statement
        action = statement.with_user(user or self.billing_manager).action_void()
        (
            self.env["iaas.statement.reason"]
            .with_user(user or self.billing_manager)
            .with_context(**action["context"])
            .create({"reason": "Wrong contract"})
            .action_apply()
        )

    def test_void_credits_all_and_opens_the_period(self):
        self._late("4")
        correction = self._correct()
        self._void()
        self.assertEqual(self.statement.state, "void")
        self.assertEqual(correction.state, "void")
        self.assertEqual(self.statement.voided_by_id, self.billing_manager)
        moves = self.statement.move_id + correction.move_id
        self.assertEqual(moves.mapped("amount_residual"), [0, 0])
        self.assertEqual(set(moves.mapped("payment_state")), {"reversed"})
        self.assertAlmostEqual(
            sum((moves + moves.reversal_move_ids).mapped("amount_total_signed")), 0
        )
        self.assertEqual(self.contract.next_billing_date, date(2026, 2, 1))
        again = self._bill_month(2026, 1)
        self.assertNotEqual(again, self.statement)
        self.assertEqual((again.state, again.amount_untaxed), ("posted", 103.06))
        self.assertFalse(self.statement._verify())

    def test_void_of_an_earlier_period(self):
        """The gap is billed again; later periods stay."""
        self._run(date(2026, 3, 31))
        self._void()
        self.assertEqual(self.contract.next_billing_date, date(2026, 2, 1))
        run = self._run(date(2026, 3, 31))
        self.assertEqual(run.statement_ids.date_from, date(2026, 1, 1))
        self.assertEqual(run.statement_ids.state, "posted")
        self.assertEqual(self.contract.next_billing_date, date(2026, 5, 1))

    def test_void_credit_takes_credits_back(self):
        self._iaas_price(
            self.traffic,
            "0.5",
            date_start=date(2026, 1, 1),
            contract_id=self.contract.id,
        )
        correction = self._correct()
        self._void()
        moves = self.statement.move_id + correction.move_id
        moves += moves.reversal_move_ids
        receivable = moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        self.assertAlmostEqual(sum(receivable.mapped("balance")), 0)
        self.assertEqual(set(receivable.mapped("reconciled")), {True})
        self.assertAlmostEqual(
            sum(
                moves.line_ids.filtered(
                    lambda line: line.account_type == "income"
                ).mapped("balance")
            ),
            0,
        )

    def test_only_a_manager_voids(self):
        for user in (self.billing_user, self.sales_user):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                self.statement.with_user(user)._void("No")
            self.assertEqual(self.statement.state, "posted")
        self._late("4")
        correction = self._correct()
        with self.assertRaisesRegex(UserError, "is a correction"):
            correction.with_user(self.billing_manager)._void("No")

    # === HASH ===

    def test_change_behind_odoos_back_is_found(self):
        self.assertTrue(self.statement.content_hash)
        self.env["iaas.statement"]._cron_verify()
        self.assertTrue(self.statement.verified_at)
        self.assertFalse(self.statement.is_tampered)
        line = self.statement.line_ids[0]
        for sql in (
            SQL(
                "UPDATE iaas_statement_line SET amount = amount + 1 WHERE id = %s",
                line.id,
            ),
            SQL("DELETE FROM iaas_statement_line WHERE id = %s", line.id),
            SQL(
                "UPDATE iaas_statement SET usage_hash = 'x' WHERE id = %s",
                self.statement.id,
            ),
        ):
            savepoint = self.env.cr.savepoint()
            self.env.cr.execute(sql)
            self.assertEqual(self.statement._verify(), self.statement)
            self.assertTrue(self.statement.is_tampered)
            self.assertEqual(len(self.statement.activity_ids), 1)
            action = self.statement.with_user(self.auditor).action_verify()
            self.assertEqual(action["params"]["type"], "danger")
            savepoint.close(rollback=True)
        self.assertEqual(self.statement.action_verify()["params"]["type"], "success")
        for change in (
            {"content_hash": "x"},
            {"state": "draft"},
            {"state": "draft", "void_reason": "x"},
            {"amount_untaxed": 1},
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.statement.write(change)
