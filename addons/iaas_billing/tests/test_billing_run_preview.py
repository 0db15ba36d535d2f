from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasBillingCommon

RUN = "odoo.addons.iaas_billing.models.iaas_billing_run_queue"


@tagged("post_install", "-at_install")
class TestBillingRunPreview(IaasBillingCommon):
    """What a run would bill, before it does, and a run that is given up (R67)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_resource = cls._iaas_resource(cls.server)
        cls.traffic_resource = cls._iaas_resource(cls.traffic)
        cls._bill_month(2026, 1)
        cls.billing_run = cls.env["iaas.billing.run"].create(
            {
                "date": date(2026, 2, 28),
                "contract_ids": cls.contract.ids,
                "user_id": cls.billing_user.id,
            }
        )

    def _contract_without_price(self):
        """Due in February, for a product whose only price is another contract's."""
        contract = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 2, 1)
        )
        self.database.iaas_price_ids.active = False
        self._iaas_resource(self.database, contract, date_start=date(2026, 2, 1))
        self.billing_run.contract_ids = contract
        return contract

    def _preview(self):
        self.billing_run.with_user(self.billing_user).action_preview()
        return self.billing_run.statement_ids

    def test_preview_rates_and_invoices_nothing(self):
        statement = self._preview()
        self.assertEqual((self.billing_run.state, statement.state), ("draft", "draft"))
        self.assertFalse(self.billing_run.is_previewing)
        self.assertTrue(self.billing_run.previewed_at)
        self.assertEqual(self.billing_run.preview_progress, 100)
        self.assertEqual(self.billing_run.preview_amount, 80)
        self.assertFalse(statement.move_id)
        self.assertFalse(statement.activity_ids)
        self.assertEqual(
            (statement.previous_amount, statement.change_percent), (80, 10.7)
        )
        self.assertFalse(statement.is_outlier)

    def test_outlier_is_marked(self):
        """Ten times the usage of the month before, whose days are fewer."""
        self._use(self.traffic_resource, ("2026-02-10 08:00:00", "10000"))
        statement = self._preview()
        self.assertTrue(statement.is_outlier)
        self.assertEqual(self.billing_run.outlier_count, 1)
        self.assertGreater(statement.change_percent, 50)
        found = self.env["iaas.statement"].search(
            [("run_id", "=", self.billing_run.id), ("is_outlier", "=", True)]
        )
        self.assertEqual(found, statement)
        self.company.statement_outlier_percent = 0
        self._preview()
        self.assertFalse(statement.is_outlier)

    def test_nothing_before_is_no_outlier(self):
        contract = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 2, 1)
        )
        self._iaas_resource(self.server, contract, date_start=date(2026, 2, 1))
        self.billing_run.contract_ids += contract
        self._preview()
        self.assertFalse(contract.statement_ids.is_outlier)

    def test_previewed_twice_follows_the_usage(self):
        statement = self._preview()
        self._use(self.traffic_resource, ("2026-02-10 08:00:00", "100"))
        self.assertEqual(self._preview(), statement)
        self.assertEqual(statement.amount_untaxed, 88.5)

    def test_what_cannot_be_rated_has_its_blocker_before_the_run(self):
        contract = self._contract_without_price()
        statement = self._preview()
        self.assertTrue(statement.is_held)
        self.assertIn("no price", self.billing_run.blocker_ids.reason)
        self._iaas_price(self.database, "1", contract_id=contract.id)
        self.billing_run.action_start()
        self.assertEqual(statement.state, "posted")
        self.assertEqual(self.billing_run.blocker_ids.state, "solved")

    def test_start_after_the_preview_bills_the_same_statement(self):
        statement = self._preview()
        self.billing_run.with_user(self.billing_user).action_start()
        self.assertEqual(self.billing_run.statement_ids, statement)
        self.assertEqual((statement.state, statement.amount_untaxed), ("posted", 80))
        with self.assertRaisesRegex(UserError, "is done"):
            self.billing_run.action_cancel()

    def test_defect_in_one_contract_spares_the_others(self):
        other = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 2, 1)
        )
        self._iaas_resource(self.server, other, date_start=date(2026, 2, 1))
        self.billing_run.contract_ids += other
        Statement = self.env.registry["iaas.statement"]
        prepare = Statement._prepare_lines

        def broken(statement, *args):
            if statement.contract_id == other:
                raise KeyError("broken")
            return prepare(statement, *args)

        with patch.object(Statement, "_prepare_lines", broken), mute_logger(RUN):
            self._preview()
        self.assertEqual(self.billing_run.blocker_ids.contract_id, other)
        self.assertTrue(self.billing_run.previewed_at)
        self.assertEqual(self.contract.statement_ids[:1].amount_untaxed, 80)

    def test_cancelled_run_leaves_the_work_to_the_next(self):
        self._preview()
        self.billing_run.with_user(self.billing_user).action_cancel()
        self.assertEqual(self.billing_run.state, "cancelled")
        self.assertFalse(self.billing_run.statement_ids)
        with self.assertRaisesRegex(UserError, "was cancelled"):
            self.billing_run.action_start()
        again = self._run(date(2026, 2, 28))
        self.assertEqual(again.statement_ids.amount_untaxed, 80)

    def test_cancelled_half_way_keeps_what_is_posted(self):
        """Two months are due; one is posted, the other is set aside with its run."""
        run = self.env["iaas.billing.run"].create(
            {"date": date(2026, 3, 31), "contract_ids": self.contract.ids}
        )
        with patch.object(self.env.registry["iaas.billing.run"], "_process_batch"):
            run.action_start()
        self.assertEqual(run._process_batch(limit=1), 1)
        run.with_user(self.billing_user).action_cancel()
        self.assertEqual(run.statement_ids.mapped("state"), ["posted"])
        with self.assertRaisesRegex(UserError, "kept as their record"):
            run.unlink()
        again = self._run(date(2026, 3, 31))
        self.assertEqual(again.statement_ids.date_from, date(2026, 3, 1))

    def test_blockers_of_a_cancelled_run_are_closed(self):
        contract = self._contract_without_price()
        self._preview()
        blocker = self.billing_run.blocker_ids
        self.billing_run.action_cancel()
        self.assertEqual(blocker.state, "cancelled")
        self.assertFalse(blocker.activity_ids)
        again = self._run(date(2026, 2, 28), contract)
        self.assertEqual(again.blocker_ids.state, "open")

    def test_what_the_customer_has_in_hand_goes_on(self):
        self.company.statement_confirmation = "explicit"
        run = self._run(date(2026, 2, 28))
        statement = run.statement_ids
        self.assertEqual(statement.state, "sent")
        with self.assertRaisesRegex(UserError, "take them back|Take them back"):
            run.unlink()
        run.state = "running"
        run.action_cancel()
        self.assertEqual(statement.state, "sent")
        statement.action_confirm()
        self.assertEqual(statement.state, "posted")
