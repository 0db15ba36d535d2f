"""The exact field keeps every digit on every way in and out of the database."""

import json
from decimal import Decimal

from odoo import Command
from odoo.tests import Form, TransactionCase, tagged
from odoo.tools.json import json_default

LONG = "12345678901234567890.12345678901234567890"
TINY = "0.0000000000000000000000000000000000000001"


@tagged("post_install", "-at_install")
class TestDecimalField(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create(
            {"name": "Volume SSD", "is_iaas": True}
        )
        cls.price = cls._create_price(unit_price=LONG)

    @classmethod
    def _create_price(cls, product=None, **values):
        product = product or cls.env["product.product"].create(
            {"name": "Volume", "is_iaas": True}
        )
        return cls.env["iaas.price"].create({"product_id": product.id, **values})

    def _reread(self, price):
        self.env.flush_all()
        self.env.invalidate_all()
        return price.unit_price

    def _assert_exact(self, value, text):
        self.assertIsInstance(value, Decimal)
        self.assertEqual(f"{value:f}", text)

    def test_create_and_read_back(self):
        self._assert_exact(self.price.unit_price, LONG)
        self._assert_exact(self._reread(self.price), LONG)

    def test_write_every_kind_of_number(self):
        for value, text in (
            (TINY, TINY),
            (Decimal("2.50"), "2.50"),
            (3, "3"),
            (0.1, "0.1"),
            (1e-07, "0.0000001"),
            (False, "0"),
            (None, "0"),
            ("0", "0"),
        ):
            with self.subTest(value=value):
                self.price.unit_price = value
                self._assert_exact(self.price.unit_price, text)
                self._assert_exact(self._reread(self.price), text)

    def test_not_a_number_is_refused(self):
        for value in ("NaN", "Infinity", "1,5", "a lot", float("nan")):
            with self.subTest(value=value), self.assertRaises(ValueError):
                self.price.unit_price = value

    def test_null_reads_as_zero(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE iaas_price SET unit_price = NULL WHERE id = %s", [self.price.id]
        )
        self.env.invalidate_all()
        self._assert_exact(self.price.unit_price, "0")
        self.env.invalidate_all()
        self.assertEqual(self.price.read(["unit_price"])[0]["unit_price"], 0.0)
        found = self.env["iaas.price"].search([("unit_price", "=", 0)])
        self.assertIn(self.price, found)
        self.assertIn(self.price, found.filtered_domain([("unit_price", "=", False)]))

    def test_pending_value_survives_a_read_of_others(self):
        self.env.flush_all()
        self.env.invalidate_all()
        self.price.unit_price = TINY
        self.assertEqual(self.price.free_units, 0)
        self._assert_exact(self.price.unit_price, TINY)
        self._assert_exact(self._reread(self.price), TINY)

    def test_search_and_order(self):
        above = self._create_price(unit_price=Decimal(LONG) + 1)
        prices = above + self.price
        domain = [("id", "in", prices.ids)]
        search = self.env["iaas.price"].search
        self.assertEqual(
            search([*domain, ("unit_price", "=", Decimal(LONG))]), self.price
        )
        self.assertEqual(search([*domain, ("unit_price", ">", Decimal(LONG))]), above)
        self.assertEqual(
            prices.filtered_domain([("unit_price", ">", Decimal(LONG))]), above
        )
        self.assertEqual(
            search(domain, order="unit_price desc, id").mapped("unit_price"),
            [above.unit_price, self.price.unit_price],
        )
        self.assertEqual(prices.sorted("unit_price"), self.price + above)

    def test_sum_of_records_is_exact(self):
        other = self._create_price(unit_price=TINY)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(
            [f"{price.unit_price:f}" for price in self.price + other], [LONG, TINY]
        )
        [[total]] = self.env["iaas.price"]._read_group(
            [("id", "in", (self.price + other).ids)], [], ["unit_price:sum"]
        )
        self.assertAlmostEqual(total, float(LONG), delta=1e6)

    def test_copy_keeps_every_digit(self):
        self.price.write(
            {
                "charge_model": "graduated",
                "tier_ids": [Command.create({"unit_price": LONG})],
                "active": False,
            }
        )
        copied = self.price.copy({"active": False})
        self._assert_exact(copied.unit_price, LONG)
        self._assert_exact(copied.tier_ids.unit_price, LONG)

    def test_default(self):
        self.env["ir.default"].set("iaas.price", "unit_price", 0.25)
        self._assert_exact(self._create_price().unit_price, "0.25")

    def test_clients_get_numbers(self):
        self.price.unit_price = "0.125"
        [values] = self.price.web_read({"unit_price": {}, "max_amount": {}})
        self.assertEqual(
            json.loads(json.dumps(values, default=json_default)),
            {"id": self.price.id, "unit_price": 0.125, "max_amount": 0.0},
        )
        saved = self.price.web_save({"unit_price": 0.3}, {"unit_price": {}})
        self.assertEqual(saved[0]["unit_price"], 0.3)
        self._assert_exact(self._reread(self.price), "0.3")

    def test_onchange(self):
        values = {"product_id": self.product.id, "unit_price": 0.7}
        spec = {"product_id": {}, "unit_price": {}, "summary": {}}
        result = self.env["iaas.price"].onchange(values, ["product_id"], spec)
        self.assertIn("0.70", result["value"]["summary"])

    def test_form_does_not_touch_what_it_does_not_show(self):
        with Form(self.price) as form:
            form.min_amount = 0.1
        self._assert_exact(self._reread(self.price), LONG)
        self._assert_exact(self.price.min_amount, "0.1")

    def test_export_and_import(self):
        rows = self.price.export_data(["unit_price"])["datas"]
        self.assertEqual(rows, [[LONG]])
        self.env["ir.model.data"].create(
            {
                "module": "iaas_contract",
                "name": "price_under_test",
                "model": "iaas.price",
                "res_id": self.price.id,
            }
        )
        load = self.env["iaas.price"].load
        result = load(
            ["id", "unit_price"], [["iaas_contract.price_under_test", LONG + "7"]]
        )
        self.assertFalse(result["messages"])
        self._assert_exact(self._reread(self.price), LONG + "7")
        for text in ("NaN", "a lot"):
            result = load(
                ["id", "unit_price"], [["iaas_contract.price_under_test", text]]
            )
            self.assertTrue(result["messages"], text)

    def test_tracking(self):
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.price.unit_price = "0.25"
        self.env.flush_all()
        self.env.cr.precommit.run()
        tracking = self.price.message_ids.tracking_value_ids
        self.assertEqual(tracking.new_value_float, 0.25)

    def test_rendered_in_reports(self):
        self.price.unit_price = "0.125"
        html = self.env["ir.qweb.field.float"].record_to_html(
            self.price, "unit_price", {}
        )
        self.assertEqual(html, "0.125")
        html = self.env["ir.qweb.field.monetary"].value_to_html(
            self.price.unit_price, {"display_currency": self.price.currency_id}
        )
        self.assertIn("0.13", html)
