from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestUnpapered(IaasBillingCommon):
    """R34: what is earned without a valid signed contract, and what delay costs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.signed_date = date(2025, 12, 20)
        cls.resource = cls._iaas_resource(cls.server)

    def _row(self, contract=None, user=None):
        self.env.flush_all()
        self.env["iaas.unpapered"].invalidate_model()
        return (
            self.env["iaas.unpapered"]
            .with_user(user or self.billing_user)
            .search([("contract_id", "=", (contract or self.contract).id)])
        )

    def test_signed_in_time_is_papered(self):
        self._bill_month(2026, 1)
        self.assertFalse(self._row())

    def test_signed_late(self):
        """80 a month, signed on 11 February: January and 10 of 28 days."""
        self.contract.signed_date = date(2026, 2, 11)
        self._bill_month(2026, 1)
        statement = self._bill_month(2026, 2)
        row = self._row()
        self.assertEqual(row.reason, "late")
        self.assertEqual(row.days_late, 41)
        self.assertAlmostEqual(row.amount_billed, 80 + 80 * 10 / 28, places=2)
        self.assertAlmostEqual(
            row.amount_receivable, 88 + 88 * 10 / 28, places=2, msg="with 10 % tax"
        )
        self.assertAlmostEqual(row.daily_revenue, 160 / 59, places=2)
        self.assertAlmostEqual(row.cost_of_delay, 41 * 160 / 59, places=2)
        self.assertFalse(row.amount_unbilled)
        self.assertEqual(row.action_open_contract()["res_id"], self.contract.id)
        self._pay(statement.move_id)
        self.assertAlmostEqual(self._row().amount_receivable, 88, places=2)

    def _pay(self, move):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({})._create_payments()

    def test_never_signed(self):
        self.contract.signed_date = False
        self._bill_month(2026, 1)
        row = self._row()
        self.assertEqual(row.reason, "unsigned")
        self.assertAlmostEqual(row.amount_billed, 80, places=2)
        self.assertEqual(row.days_late, (date(2026, 7, 10) - date(2026, 1, 1)).days)

    def test_lapsed_but_in_use(self):
        """After the last day the servers go on, and nothing bills them."""
        self._bill_month(2026, 1)
        self.contract.date_end = date(2026, 6, 30)
        self.contract._follow_term()
        self.assertEqual(self.contract.state, "ended")
        row = self._row()
        self.assertEqual(row.reason, "lapsed")
        self.assertAlmostEqual(row.amount_unbilled, 10 * 80 / 31, places=2)
        self.resource._stop(date(2026, 6, 30))
        self.assertFalse(self._row())

    def test_refunded_is_not_receivable(self):
        self.contract.signed_date = False
        statement = self._bill_month(2026, 1)
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=statement.move_id.ids
        ).create({"journal_id": statement.move_id.journal_id.id}).refund_moves()
        statement.move_id.reversal_move_ids.action_post()
        (statement.move_id + statement.move_id.reversal_move_ids).line_ids.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable"
                and not line.reconciled
            )
        ).reconcile()
        self.assertFalse(self._row().amount_receivable)

    def test_money_at_risk_is_what_was_billed(self):
        """R33: with billing, revenue means posted statements of 12 months."""
        self._bill_month(2026, 1)
        revenue = self.env["iaas.contract"]._get_revenue_12m(self.customer)
        self.assertAlmostEqual(revenue[self.customer], 80, places=2)
        with freeze_time("2027-03-01 09:00:00"):
            revenue = self.env["iaas.contract"]._get_revenue_12m(self.customer)
        self.assertFalse(revenue[self.customer])

    def test_who_may_see_it(self):
        self.contract.signed_date = False
        self._bill_month(2026, 1)
        for user in (self.sales_user, self.ops_user, self.auditor):
            self.assertTrue(self._row(user=user))
        for user in (
            self._iaas_portal_user("portal", self.customer),
            self._iaas_user("employee", "base.group_user"),
        ):
            with self.assertRaises(AccessError):
                self._row(user=user)
        company = self.env["res.company"].create({"name": "Second Cloud"})
        self.env.cr.execute(
            "UPDATE iaas_contract SET company_id = %s WHERE id = %s",
            (company.id, self.contract.id),
        )
        self.assertFalse(self._row())
