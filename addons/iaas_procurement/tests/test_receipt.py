from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15")
class TestReceipt(IaasProcurementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._order(5)
        cls.order.button_confirm()
        cls.line = cls.order.order_line

    @classmethod
    def _order(cls, quantity, **values):
        return cls.env["purchase.order"].create(
            {
                "partner_id": cls.vendor.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.host_model.id,
                            "product_qty": quantity,
                            "iaas_pool_id": cls.pool.id,
                            **values,
                        }
                    )
                ],
            }
        )

    def _receive(self, quantity):
        self.line.with_user(self.procurement_user).qty_received = quantity

    def test_one_host_per_server_received(self):
        """R70: partial receipts add up to the order, no host twice, none missing."""
        for received in (2, 2, 3, 5, 5):
            self._receive(received)
            self.assertEqual(len(self.line.iaas_host_ids), received)
        self.assertRecordValues(
            self.line.iaas_host_ids.sorted("purchase_unit"),
            [
                {
                    "state": "received",
                    "pool_id": self.pool.id,
                    "product_id": self.host_model.id,
                    "purchase_unit": unit,
                    "cost": 21000,
                }
                for unit in range(1, 6)
            ],
        )
        self.assertEqual(
            {str(host.date_received) for host in self.line.iaas_host_ids},
            {"2026-06-15"},
        )
        self.assertEqual(self.order.iaas_host_count, 5)
        action = self.order.action_view_iaas_hosts()
        self.assertEqual(
            self.env["iaas.host"].search(action["domain"]),
            self.line.iaas_host_ids.sorted(),
        )

    def test_receipt_on_the_order_form(self):
        with (
            Form(self.order.with_user(self.procurement_user)) as form,
            form.order_line.edit(0) as line,
        ):
            line.qty_received = 4
        self.assertEqual(len(self.line.iaas_host_ids), 4)

    def test_more_than_ordered_arrives(self):
        self._receive(6)
        self.assertEqual(len(self.line.iaas_host_ids), 6)
        self.assertEqual(self.line._get_open_servers(), 0)

    def test_the_database_refuses_a_unit_twice(self):
        self._receive(1)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["iaas.host"].create(
                self.line._prepare_host_values() | {"purchase_unit": 1}
            )

    def test_a_quantity_typed_too_high_is_taken_back(self):
        self._receive(5)
        kept = self.line.iaas_host_ids.sorted("purchase_unit")[:2]
        self._receive(2)
        self.assertEqual(self.line.iaas_host_ids, kept.sorted())
        self._receive(3)
        self.assertEqual(
            sorted(self.line.iaas_host_ids.mapped("purchase_unit")), [1, 2, 3]
        )

    def test_hosts_in_use_are_not_taken_back(self):
        self._receive(3)
        first, second, third = self.line.iaas_host_ids.sorted("purchase_unit")
        first.serial, third.serial = "SN-1", "SN-3"
        third.action_install()
        with self.assertRaisesRegex(UserError, "2 hosts of this line"):
            self._receive(1)
        self._receive(2)
        self.assertFalse(second.exists())
        self._receive(3)
        self.assertEqual(
            sorted(self.line.iaas_host_ids.mapped("purchase_unit")), [1, 2, 3]
        )

    def test_parts_of_a_server_are_refused(self):
        with self.assertRaisesRegex(UserError, "no number of whole servers"):
            self._receive(1.5)
        with self.assertRaisesRegex(UserError, "no number of whole servers"):
            self._receive(-1)

    def test_nothing_is_received_before_confirmation(self):
        draft = self._order(2)
        with self.assertRaisesRegex(UserError, "is not confirmed"):
            draft.order_line.qty_received = 1

    def test_an_order_with_hosts_is_not_cancelled(self):
        self._receive(1)
        with self.assertRaisesRegex(UserError, "cannot be cancelled"):
            self.order.button_cancel()
        self._receive(0)
        self.order.button_cancel()
        self.assertEqual(self.order.state, "cancel")

    def test_packs_are_counted_in_servers(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._order(1, product_uom_id=dozen.id)
        order.button_confirm()
        order.order_line.qty_received = 1
        self.assertEqual(len(order.order_line.iaas_host_ids), 12)

    def test_cost_in_company_currency_after_discount(self):
        currency = self.env["res.currency"].create(
            {
                "name": "XTS",
                "symbol": "T",
                "rate_ids": [Command.create({"name": "2026-01-01", "rate": 2})],
            }
        )
        order = self._order(1, price_unit=20000, discount=10)
        order.currency_id = currency
        order.order_line.write({"price_unit": 20000, "discount": 10})
        order.button_confirm()
        order.order_line.qty_received = 1
        self.assertEqual(order.order_line.iaas_host_ids.cost, 9000)

    def test_other_products_make_no_hosts(self):
        cable = self.env["product.product"].create({"name": "Cable", "type": "consu"})
        order = self._order(1, product_id=cable.id)
        order.button_confirm()
        order.order_line.qty_received = 1
        self.assertFalse(order.order_line.iaas_host_ids)

    def test_a_server_without_pool_still_becomes_a_host(self):
        order = self._order(1, iaas_pool_id=False)
        order.button_confirm()
        order.order_line.qty_received = 1
        self.assertFalse(order.order_line.iaas_host_ids.pool_id)
