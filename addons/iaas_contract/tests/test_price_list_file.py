"""Price lists as files: exported, changed, previewed, imported into a draft."""

import base64

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from ..price_sheet import parse, read_table
from .test_price_list_version import PriceListCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-05-05")
class TestPriceListFile(PriceListCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.default_code = "SSD"
        cls.version = cls._version(price_ids=[])
        cls.block = cls.env["product.product"].create(
            {"name": "Requests", "is_iaas": True, "iaas_charge_kind": "usage"}
        )
        cls.env["iaas.price"].create(
            {
                "product_id": cls.block.id,
                "charge_model": "block",
                "block_policy": "top_tier",
                "min_amount": "0.12345678901234567890",
                "tier_ids": [
                    Command.create(
                        {"block_size": 10, "max_blocks": 2, "unit_price": "0.3"}
                    ),
                    Command.create({"block_size": 100}),
                ],
            }
        )

    def _import(self, text, name="prices.csv", **values):
        content = text if isinstance(text, bytes) else text.encode()
        wizard = (
            self.env["iaas.price.list.import"]
            .with_user(self.author)
            .create(
                {
                    "version_id": self.version.id,
                    "file": base64.b64encode(content),
                    "file_name": name,
                    **values,
                }
            )
        )
        wizard.action_preview()
        return wizard

    def _export(self, **values):
        wizard = self.env["iaas.price.list.export"].with_user(self.auditor)
        wizard = wizard.create(values)
        self.assertIn("/web/content/", wizard.action_export()["url"])
        return base64.b64decode(wizard.file), wizard.file_name

    def _lines(self, wizard):
        ours = self.product + self.hdd + self.block
        return {
            line.product_id: line for line in wizard.line_ids if line.product_id in ours
        }

    def test_export_comes_back_unchanged(self):
        for file_format in ("csv", "xlsx"):
            with self.subTest(file_format):
                content, name = self._export(file_format=file_format)
                wizard = self._import(content, name)
                self.assertFalse(wizard.error_ids)
                self.assertEqual(set(wizard.line_ids.mapped("kind")), {"unchanged"})
                self.assertIn(self.block, wizard.line_ids.product_id)
                wizard.action_apply()
                self.assertFalse(self.version.price_count)

    def test_preview_then_apply(self):
        wizard = self._import(
            "product,charge_model,unit_price,tier_up_to,tier_unit_price\n"
            "SSD,graduated,,10,9\n"
            "SSD,graduated,,,8\n"
            "Volume HDD,standard,0.05,,\n",
            missing="end",
        )
        self.assertEqual(wizard.state, "preview")
        lines = self._lines(wizard)
        self.assertEqual(lines[self.product].kind, "changed")
        self.assertEqual(lines[self.product].change_text, "−15 % to −10 %")
        self.assertIn("10.00", lines[self.product].old_summary)
        self.assertIn("Up to 10", lines[self.product].new_summary)
        self.assertEqual(lines[self.hdd].kind, "new")
        self.assertEqual(lines[self.block].kind, "ended")
        self.assertFalse(self.version.price_ids, "a preview writes nothing")
        wizard.action_apply()
        prices = {price.product_id: price for price in self.version.price_ids}
        self.assertEqual(set(prices), {self.product, self.hdd})
        self.assertEqual(prices[self.product].compute_amount(20), 170)
        self.assertIn(self.block, self.version.ended_price_ids.product_id)
        again = self._import("product,charge_model,unit_price\nSSD,standard,7\n")
        again.action_apply()
        prices = {price.product_id: price for price in self.version.price_ids}
        self.assertEqual(set(prices), {self.product, self.hdd})
        self.assertEqual(prices[self.product].compute_amount(20), 140)
        self.assertIn("prices.csv", self.version.message_ids[0].body)

    def test_a_version_is_exported_as_it_will_be(self):
        self._import("product,charge_model,unit_price\nSSD,standard,7\n").action_apply()
        content, name = self._export(version_id=self.version.id, file_format="csv")
        prices, errors = parse(read_table(content, name), ("region", "instance_family"))
        self.assertFalse(errors)
        [price] = [price for price in prices if price.product == "SSD"]
        self.assertEqual(price.values["unit_price"], 7)

    def test_mistakes_are_told_by_row_and_column(self):
        self.env["product.product"].create(
            [{"name": "Twin", "is_iaas": True}, {"name": "Twin", "is_iaas": True}]
        )
        wizard = self._import(
            "product,charge_model,unit_price,date_end,tier_up_to,tier_unit_price\n"
            "SSD,standard,1,2026-06-30,,\n"
            'Volume HDD,standard,"1,5",,,\n'
            "Nobody,standard,1,,,\n"
            "Twin,standard,1,,,\n"
            "HDD,standard,1,,,\n"
            "Requests,graduated,,,10,1\n"
        )
        self.assertEqual(wizard.state, "errors")
        self.assertEqual(
            [(error.row, error.column) for error in wizard.error_ids],
            [
                (2, "date_end"),
                (3, "unit_price"),
                (4, "product"),
                (5, "product"),
                (6, "product"),
                (7, "tier_up_to"),
            ],
        )
        self.assertIn("6 mistakes", wizard.summary)
        self.assertFalse(wizard.line_ids)
        with self.assertRaises(UserError):
            wizard.action_apply()
        self.assertFalse(self.version.price_ids)

    def test_unreadable_file(self):
        wizard = self._import(b"\xff\xfe", "prices.csv")
        self.assertEqual(wizard.error_ids.row, 1)
        self.assertIn("UTF-8", wizard.error_ids.reason)

    def test_only_into_drafts_and_only_by_managers(self):
        wizard = self._import("product,charge_model,unit_price\nSSD,standard,7\n")
        with self.assertRaises(AccessError):
            wizard.with_user(self.sales_user).action_apply()
        wizard.action_apply()
        self.version.action_submit()
        for action in (wizard.action_preview, wizard.action_apply):
            with self.assertRaises(UserError):
                action()

    def test_forms_open(self):
        imports = self.env["iaas.price.list.import"].with_user(self.author)
        Form(imports.with_context(default_version_id=self.version.id))
        Form(self.env["iaas.price.list.export"].with_user(self.sales_user))
