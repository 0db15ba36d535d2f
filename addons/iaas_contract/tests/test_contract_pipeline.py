from datetime import date

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
class TestContractPipeline(IaasContractCommon):
    """R31: days in stage, and the list of the contracts that are stuck."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier_large.stage_days_review = 5
        cls.tier_large.stage_days_signed = 30

    def _stuck(self):
        return self.env["iaas.contract"].search([("is_stuck", "=", True)])

    @freeze_time("2026-03-10 12:00:00")
    def test_days_in_stage(self):
        contract = self._iaas_contract(self.customer)
        self.assertEqual(contract.days_in_stage, 0)
        with freeze_time("2026-03-15 12:00:00"):
            contract.invalidate_recordset()
            self.assertEqual(contract.days_in_stage, 5)
            self.assertFalse(contract.is_stuck)
            self.assertNotIn(contract, self._stuck())
        with freeze_time("2026-03-16 12:00:00"):
            contract.invalidate_recordset()
            self.assertTrue(contract.is_stuck)
            self.assertIn(contract, self._stuck())
            contract.sudo().state = "sent"
            self.assertEqual(contract.state_date, date(2026, 3, 16))
            self.assertFalse(contract.is_stuck)
            self.assertNotIn(contract, self._stuck())
        with freeze_time("2026-04-16 12:00:00"):
            contract.invalidate_recordset()
            self.assertEqual(contract.days_in_stage, 31)
            self.assertIn(contract, self._stuck())
            contract.sudo().state = "draft"
            self.assertEqual(contract.days_in_stage, 0)
            self.assertNotIn(contract, self._stuck())

    def test_what_is_in_force_is_not_stuck(self):
        with freeze_time("2025-01-01 12:00:00"):
            contract = self._iaas_contract(self.customer, state="active")
        self.assertFalse(contract.is_stuck)
        self.assertNotIn(contract, self._stuck())

    def test_customer_without_tier(self):
        self.customer.iaas_tier_id = False
        with freeze_time("2026-03-10 12:00:00"):
            contract = self._iaas_contract(self.customer)
        with freeze_time("2026-03-16 12:00:00"):
            self.assertTrue(contract.is_stuck)
            self.assertIn(contract, self._stuck())

    def test_not_set_by_hand(self):
        with self.assertRaises(UserError):
            self.contract.with_user(self.ops_manager).state_date = "2026-01-01"
