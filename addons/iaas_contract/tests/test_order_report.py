from datetime import date
from decimal import Decimal

from freezegun import freeze_time

from odoo.tests import tagged

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestOrderReport(IaasContractCommon):
    """R47: orders by product, region, customer, tier, month; new and stopped."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.japan = cls.env.ref("base.jp")
        cls.customer.country_id = cls.japan
        cls.order = cls._iaas_order(
            cls.contract, (cls.server, 3), (cls.disk, 100), (cls.setup_fee, 1)
        )
        cls.order.action_confirm()

    def _grouped(self, *groupby):
        rows = self.env["iaas.order.report"]._read_group(
            [("contract_id", "=", self.contract.id)],
            groupby,
            ["quantity:sum", "monthly_amount:sum", "once_amount:sum"],
        )
        return {row[: len(groupby)]: row[len(groupby) :] for row in rows}

    def test_new_and_stopped(self):
        servers = self.order.order_line[0].iaas_resource_ids
        servers[:2]._stop(date(2026, 5, 31))
        self.order.order_line[2].iaas_resource_ids._stop(date(2026, 3, 31))
        self.assertEqual(
            self._grouped("order_type", "product_id"),
            {
                ("new", self.server): (3, 240, 0),
                ("new", self.disk): (100, 5, 0),
                ("new", self.setup_fee): (1, 0, 500),
                ("stop", self.server): (-2, -160, 0),
            },
        )
        self.assertEqual(
            self._grouped("date:month", "order_type")[date(2026, 5, 1), "stop"],
            (-2, -160, 0),
        )

    def test_by_region_customer_and_tier(self):
        total = (104, 245, 500)
        for field, value in (
            ("country_id", self.japan),
            ("partner_id", self.customer),
            ("tier_id", self.tier_large),
            ("user_id", self.contract.user_id),
            ("sale_order_id", self.order),
        ):
            with self.subTest(field=field):
                self.assertEqual(self._grouped(field), {(value,): total})

    def test_in_the_currency_of_the_company(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"name": date(2026, 1, 1), "currency_id": euro.id, "rate": "0.5"}
        )
        contract = self._iaas_contract(
            self.customer, state="active", currency_id=euro.id
        )
        self._iaas_price(self.server, "70", currency_id=euro.id)
        self._iaas_order(contract, (self.server, 1)).action_confirm()
        row = self.env["iaas.order.report"].search([("contract_id", "=", contract.id)])
        self.assertEqual(row.monthly_amount, 140)
        self.assertEqual(row.currency_id, self.env.company.currency_id)

    def test_what_was_never_used_is_no_order(self):
        self.order._action_cancel()
        self.assertFalse(self._grouped("order_type"))

    def test_exact_and_filtered(self):
        disk = self._iaas_order(self.contract, (self.disk, 0.1))
        disk.action_confirm()
        row = self.env["iaas.order.report"].search(
            [("sale_order_id", "=", disk.id), ("order_type", "=", "new")]
        )
        self.assertEqual(row.quantity, Decimal("0.1"))

    def test_who_reads(self):
        company = self.env["res.company"].create({"name": "Second Cloud"})
        contract = self._iaas_contract(
            self.customer, state="active", company_id=company.id
        )
        self.env["iaas.resource"].create(
            {"contract_id": contract.id, "product_id": self.server.id}
        )
        for user in (
            self.sales_user,
            self.ops_user,
            self.solution_engineer,
            self.auditor,
        ):
            rows = self.env["iaas.order.report"].with_user(user)
            self.assertFalse(rows.search([("contract_id", "=", contract.id)]))
            self.assertTrue(rows.search([("contract_id", "=", self.contract.id)]))
