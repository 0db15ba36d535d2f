from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestRevenueTrend(IaasBillingCommon):
    """Revenue by tier, channel and product from month to month, and why (R5)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.resource = cls._iaas_resource(cls.server)

    def _bill(self, day=date(2026, 6, 30), contracts=None):
        run = self._run(day, contracts)
        self.assertFalse(run.blocker_ids, run.blocker_ids.mapped("reason"))
        self.env.flush_all()

    def _trend(self, partner=None):
        """``{(month, reason): (revenue, month before, change)}`` of a customer."""
        trend = self.env["iaas.revenue.trend"].with_user(self.billing_user)
        trend.invalidate_model()
        groups = trend._read_group(
            [("partner_id", "=", (partner or self.customer).id)],
            ["month:month", "reason"],
            ["amount:sum", "previous_amount:sum", "change:sum"],
        )
        return {
            (month.month, reason): (amount, before, change)
            for month, reason, amount, before, change in groups
        }

    def test_new_then_as_before(self):
        self._bill(date(2026, 3, 31))
        self.assertEqual(
            self._trend(),
            {
                (1, "new_customer"): (80, 0, 80),
                (2, "same"): (80, 80, 0),
                (3, "same"): (80, 80, 0),
            },
        )

    def test_more_less_and_price(self):
        self._iaas_resource(self.server, date_start=date(2026, 2, 1))
        self.resource.date_end = date(2026, 4, 30)
        self.server.iaas_price_ids.date_end = date(2026, 2, 28)
        self._iaas_price(self.server, "120", date_start=date(2026, 3, 1))
        self._bill(date(2026, 5, 31))
        trend = self._trend()
        self.assertEqual(trend[2, "more"], (160, 80, 80))
        # 40 more for each of two servers.
        self.assertEqual(trend[3, "price"], (0, 0, 80))
        self.assertEqual(trend[3, "same"], (240, 160, 0))
        self.assertEqual(trend[5, "less"], (120, 240, -120))

    def test_service_begun_and_stopped(self):
        self._iaas_resource(
            self.disk, date_start=date(2026, 2, 1), date_end=date(2026, 2, 28)
        )
        self._bill(date(2026, 3, 31))
        trend = self._trend()
        begun = trend[2, "new_service"][0]
        self.assertGreater(begun, 0)
        self.assertEqual(trend[3, "stopped"], (0, begun, -begun))

    def test_lost_and_returned(self):
        self.resource.date_end = date(2026, 2, 28)
        self._bill(date(2026, 2, 28))
        self.assertEqual(self._trend()[3, "lost"], (0, 80, -80))
        self._iaas_resource(self.server, date_start=date(2026, 5, 1))
        self._bill(date(2026, 6, 30))
        trend = self._trend()
        self.assertEqual(trend[5, "returned"], (80, 0, 80))
        self.assertEqual(trend[6, "same"], (80, 80, 0))

    def test_month_that_is_not_billed_yet_is_no_loss(self):
        self._bill(date(2026, 2, 28))
        self.assertEqual({month for month, _reason in self._trend()}, {1, 2})

    def test_last_month_of_an_ended_contract_is_no_loss_before_it_is_billed(self):
        self._bill(date(2026, 5, 31))
        self.contract.sudo().write({"state": "ended", "date_end": "2026-06-30"})
        self.assertEqual({month for month, _reason in self._trend()}, {1, 2, 3, 4, 5})
        self._bill(date(2026, 6, 30))
        trend = self._trend()
        self.assertEqual(trend[6, "same"], (80, 80, 0))
        self.assertEqual(trend[7, "lost"], (0, 80, -80))

    def test_quarter_is_spread_over_its_months(self):
        contract = self._iaas_contract(
            self.other_customer,
            state="active",
            cycle="quarter",
            date_start=date(2026, 1, 1),
        )
        self._iaas_resource(self.server, contract)
        self._bill(date(2026, 6, 30), contract)
        trend = self._trend(self.other_customer)
        self.assertEqual({month for month, _reason in trend}, {1, 2, 3, 4, 5, 6})
        billed = sum(contract.statement_ids.mapped("amount_untaxed"))
        self.assertAlmostEqual(sum(row[0] for row in trend.values()), billed, 2)

    def test_once_is_no_trend(self):
        self._iaas_resource(self.setup_fee, date_start=date(2026, 2, 1))
        self._bill(date(2026, 3, 31))
        self.assertEqual(self._trend()[2, "same"], (80, 80, 0))

    def test_net_revenue_retention(self):
        """A share of sums: what those of the month before bring now."""
        contract = self._iaas_contract(
            self.other_customer, state="active", date_start=date(2026, 2, 1)
        )
        self._iaas_resource(self.server, contract, date_start=date(2026, 2, 1))
        self._iaas_resource(self.server, date_start=date(2026, 2, 1))
        self._bill(date(2026, 2, 28), self.contract + contract)
        trend = self.env["iaas.revenue.trend"].with_user(self.billing_user)
        [(retention, growth, amount)] = trend._read_group(
            [
                ("month", "=", date(2026, 2, 1)),
                ("partner_id", "in", (self.customer + self.other_customer).ids),
            ],
            [],
            ["retention_percent:avg", "growth_percent:avg", "amount:sum"],
        )
        self.assertEqual(retention, 200)
        self.assertEqual(growth, 100 * (amount - 80) / 80)

    def test_by_tier_and_channel(self):
        medium = self.env["utm.medium"].create({"name": "Partner fair"})
        self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "iaas_contract_id": self.contract.id,
                "medium_id": medium.id,
                "state": "sale",
            }
        )
        self._bill(date(2026, 1, 31))
        row = self.env["iaas.revenue.trend"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(row.medium_id, medium)
        self.assertEqual(row.tier_id, self.customer.iaas_tier_id)

    def test_who_may_look(self):
        self._bill(date(2026, 1, 31))
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "trend_stranger",
            "iaas_billing.group_iaas_billing_user",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        trend = self.env["iaas.revenue.trend"]
        self.assertFalse(trend.with_user(stranger).search([]))
        portal = self._iaas_portal_user("trend", self.customer)
        with self.assertRaises(AccessError):
            trend.with_user(portal).search([])
