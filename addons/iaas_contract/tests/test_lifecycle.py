"""The life cycle of services: what may be ordered when, whom it affects (R59)."""

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
class TestLifecycle(IaasContractCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.server.product_tmpl_id
        cls.service.write(
            {
                "iaas_on_sale_date": "2026-02-01",
                "iaas_retiring_date": "2026-06-30",
                "iaas_ended_date": "2026-12-31",
            }
        )

    def test_each_day_has_one_place_in_the_life(self):
        templates = self.env["product.template"]
        for day, expected in (
            ("2026-01-31", "beta"),
            ("2026-02-01", "on_sale"),
            ("2026-06-30", "on_sale"),
            ("2026-07-01", "retiring"),
            ("2026-12-31", "retiring"),
            ("2027-01-01", "ended"),
        ):
            with self.subTest(day=day), freeze_time(day):
                self.service.invalidate_recordset(["iaas_lifecycle"])
                self.assertEqual(self.service.iaas_lifecycle, expected)
                for state in ("beta", "on_sale", "retiring", "ended"):
                    found = templates.search(
                        [("id", "=", self.service.id), ("iaas_lifecycle", "=", state)]
                    )
                    self.assertEqual(bool(found), state == expected, state)

    def test_service_without_dates_is_on_sale(self):
        disk = self.disk.product_tmpl_id
        self.assertEqual(disk.iaas_lifecycle, "on_sale")
        found = self.env["product.template"].search(
            [("id", "=", disk.id), ("iaas_lifecycle", "!=", "on_sale")]
        )
        self.assertFalse(found)

    @mute_logger("odoo.sql_db")
    def test_dates_out_of_order_are_refused(self):
        for values in (
            {"iaas_on_sale_date": "2026-07-01"},
            {"iaas_ended_date": "2026-06-29"},
            {"iaas_retiring_date": False, "iaas_ended_date": "2026-01-31"},
        ):
            with (
                self.subTest(values=values),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.service.write(values)
                self.service.flush_recordset()

    def test_orders_follow_the_life(self):
        open_contract = self._iaas_contract(self.customer, state="active")
        for day, contract, refusal in (
            ("2026-01-31", self.contract, None),
            ("2026-01-31", open_contract, "in beta until 2026-02-01"),
            ("2026-02-01", open_contract, None),
            ("2026-06-30", self.contract, None),
            ("2026-07-01", self.contract, "last day to order it was 2026-06-30"),
            ("2027-01-01", self.contract, "last day to order it was 2026-06-30"),
        ):
            with self.subTest(day=day, contract=contract.name), freeze_time(day):
                order = self._iaas_order(contract, (self.server, 1))
                if refusal:
                    with self.assertRaisesRegex(UserError, refusal):
                        order.action_confirm()
                else:
                    order.action_confirm()
                    self.assertEqual(len(order.iaas_resource_ids), 1)

    @freeze_time("2026-06-01")
    def test_service_that_ends_before_it_would_begin(self):
        order = self._iaas_order(
            self.contract, (self.server, 1), commitment_date="2027-01-01 12:00:00"
        )
        with self.assertRaisesRegex(UserError, "last day of service is 2026-12-31"):
            order.action_confirm()

    @freeze_time("2026-06-01")
    def test_whom_the_end_affects(self):
        """R59: contracts and customers affected are listed."""
        other = self._iaas_contract(self.other_customer, state="active")
        for contract in (self.contract, self.contract, other):
            self._iaas_order(contract, (self.server, 2)).action_confirm()
        service = self.service.with_user(self.ops_user)
        service.invalidate_recordset()
        self.assertEqual(service.iaas_affected_contract_count, 2)
        self.assertEqual(service.iaas_affected_customer_count, 2)
        action = service.action_view_iaas_affected_contracts()
        found = self.env["iaas.contract"].search(action["domain"])
        self.assertEqual(found, self.contract + other)
        action = service.action_view_iaas_affected_customers()
        found = self.env["res.partner"].search(action["domain"])
        self.assertEqual(found, self.customer + self.other_customer)
        other.resource_ids._stop(other._today())
        service.invalidate_recordset()
        self.assertEqual(service.iaas_affected_contract_count, 2, "runs today")
        with freeze_time("2026-06-02"):
            service.invalidate_recordset()
            self.assertEqual(service.iaas_affected_contract_count, 1)
