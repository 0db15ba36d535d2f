from datetime import date

from odoo.tests import tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestInvoicingObstacles(IaasBillingCommon):
    """What accounting refuses becomes a blocker that says so; nothing is lost, and the
    next try bills it (R67)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._iaas_resource(cls.server)
        cls.fine = cls._iaas_contract(
            cls.other_customer, state="active", date_start=date(2026, 1, 1)
        )
        cls._iaas_resource(cls.disk, cls.fine, quantity="100")

    def _bill_both(self):
        return self._run(date(2026, 1, 31), self.contract + self.fine)

    def _check_blocked(self, run, text):
        self.assertEqual(run.blocker_ids.contract_id, self.contract)
        self.assertIn(text, run.blocker_ids.reason)
        self.assertEqual(self.fine.statement_ids.state, "posted")
        self.assertEqual(self.contract.statement_ids.state, "draft")
        self.assertFalse(self.contract.statement_ids.move_id)

    def _retry(self, run):
        run.blocker_ids.action_retry()
        self.assertEqual(run.blocker_ids.state, "solved")
        self.assertEqual(self.contract.statement_ids.move_id.amount_untaxed, 80)

    def test_product_without_account(self):
        journal = self.env["account.journal"].search(
            [("company_id", "=", self.company.id), ("type", "=", "sale")], limit=1
        )
        account = journal.default_account_id or self.company.income_account_id
        self.server.categ_id.property_account_income_categ_id = False
        self.disk.property_account_income_id = account
        self.company.income_account_id = journal.default_account_id = False
        run = self._bill_both()
        self._check_blocked(run, "Server has no income account")
        self.server.property_account_income_id = account
        self._retry(run)

    def test_closed_accounting_period(self):
        """An invoice date in a closed period moves on to the first open day, as Odoo
        does it; the books of the closed period stay as they are."""
        self.company.sudo().fiscalyear_lock_date = date(2026, 3, 31)
        run = self._run(date(2026, 1, 31), self.contract, invoice_date=date(2026, 2, 1))
        move = self.contract.statement_ids.move_id
        self.assertEqual(run.state, "done")
        self.assertEqual((move.state, move.invoice_date), ("posted", date(2026, 2, 1)))
        self.assertGreater(move.date, date(2026, 3, 31))
        self.assertEqual(move.amount_untaxed, 80)
