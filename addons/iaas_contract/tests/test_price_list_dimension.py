"""R52: price list versions and their files carry the dimensions of prices."""

import base64
from datetime import date

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..price_sheet import parse, read_table
from .test_price_dimension import PriceDimensionCommon

COLUMNS = "product,dimension_region,charge_model,unit_price,tier_up_to,tier_unit_price"


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestPriceListDimension(PriceDimensionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.author = cls._iaas_user("author", "sales_team.group_sale_manager")
        cls.there = cls._price_for(cls.sg1, "95")
        cls.version = (
            cls.env["iaas.price.list.version"]
            .with_user(cls.author)
            .create(
                {
                    "date_start": "2026-04-01",
                    "reason": "Power costs more in Singapore",
                    "approver_id": cls.ops_manager.id,
                }
            )
        )

    def _propose(self, values, unit_price):
        self.version.price_ids = [
            Command.create(
                {
                    "product_id": self.server.id,
                    "unit_price": unit_price,
                    "dimension_value_ids": [Command.set(values.ids)],
                }
            )
        ]

    def _approve(self):
        self.version.action_submit()
        self.version.with_user(self.ops_manager).action_approve()

    def _import(self, text, **values):
        wizard = (
            self.env["iaas.price.list.import"]
            .with_user(self.author)
            .create(
                {
                    "version_id": self.version.id,
                    "file": base64.b64encode(text.encode()),
                    "file_name": "prices.csv",
                    **values,
                }
            )
        )
        wizard.action_preview()
        return wizard

    def test_a_version_replaces_the_price_of_its_region_only(self):
        self._propose(self.sg1, "99")
        proposed = self.version.price_ids
        self.assertEqual(proposed.predecessor_id, self.there)
        self.assertEqual(proposed.change_kind, "changed")
        self._approve()
        self.assertEqual(self.there.date_end, date(2026, 3, 31))
        self.assertFalse(self.listed.date_end)
        found = self.env["iaas.price"]._find(
            self.server, date(2026, 4, 1), None, {"region": "sg1"}
        )
        self.assertEqual(found[self.server], proposed)

    def test_a_region_that_had_none(self):
        self._propose(self.tk1, "90")
        self.assertEqual(self.version.price_ids.change_kind, "new")
        self._approve()
        self.assertFalse((self.there + self.listed).filtered("date_end"))

    def test_later_prices_of_other_regions_are_no_conflict(self):
        later = self._price_for(self.tk1, "1", date_start=date(2026, 5, 1))
        self._propose(self.sg1, "99")
        self.version.action_submit()
        self.version.action_send_back()
        self.version._send_back("Tokyo as well")
        self._propose(self.tk1, "2")
        with self.assertRaisesRegex(UserError, "begin on or after"):
            self.version.action_submit()
        self.assertTrue(later.active)

    def test_sales_and_authors_do_not_approve(self):
        self._propose(self.sg1, "99")
        self.version.action_submit()
        for user in (self.author, self.sales_user):
            with self.assertRaises(AccessError):
                self.version.with_user(user).action_approve()
            with self.assertRaises(AccessError):
                self.version.with_user(user).write({"state": "approved"})
        self.assertEqual(self.version.state, "to_approve")
        self.assertFalse(self.version.price_ids.active)

    def test_file_comes_back_unchanged(self):
        self.there.write(
            {
                "charge_model": "graduated",
                "tier_ids": [
                    Command.create({"up_to": 10, "unit_price": 2}),
                    Command.create({"unit_price": 1}),
                ],
            }
        )
        for file_format in ("csv", "xlsx"):
            wizard = self.env["iaas.price.list.export"].create(
                {"file_format": file_format}
            )
            wizard.action_export()
            content = base64.b64decode(wizard.file)
            prices, errors = parse(
                read_table(content, wizard.file_name),
                self.env["iaas.price.dimension"]._get_order(),
            )
            self.assertFalse(errors)
            servers = [price for price in prices if price.product == "Server"]
            self.assertEqual(
                [price.dimensions for price in servers], [{}, {"region": "sg1"}]
            )
            self.assertEqual(len(servers[1].tiers), 2)
            back = self.env["iaas.price.list.import"].create(
                {
                    "version_id": self.version.id,
                    "file": wizard.file,
                    "file_name": wizard.file_name,
                }
            )
            back.action_preview()
            self.assertFalse(back.error_ids.mapped("reason"))
            self.assertEqual(set(back.line_ids.mapped("kind")), {"unchanged"})

    def test_preview_and_apply(self):
        wizard = self._import(
            f"{COLUMNS}\n"
            "Server,,standard,82,,\n"
            "Server,tk1,graduated,,10,90\n"
            "Server,tk1,graduated,,,85\n",
            missing="end",
        )
        lines = {
            line.dimension_text or "": line.kind
            for line in wizard.line_ids
            if line.product_id == self.server
        }
        self.assertEqual(
            lines,
            {"": "changed", "Region: tk1": "new", "Region: Singapore 1": "ended"},
        )
        wizard.action_apply()
        self.assertEqual(
            {price.dimension_key or "" for price in self.version.price_ids},
            {"", "region=tk1"},
        )
        self.assertIn(self.there, self.version.ended_price_ids)
        self.assertNotIn(self.listed, self.version.ended_price_ids)
        again = self._import(f"{COLUMNS}\nServer,tk1,standard,91,,\n")
        again.action_apply()
        self.assertEqual(sorted(self.version.price_ids.mapped("unit_price")), [82, 91])

    def test_mistakes_are_told_by_row_and_column(self):
        wizard = self._import(
            f"{COLUMNS}\n"
            "Server,mars,standard,1,,\n"
            "Server,sg1,standard,1,,\n"
            "Server,sg1,standard,2,,\n"
        )
        self.assertEqual(
            wizard.error_ids.mapped(lambda error: (error.row, error.column)),
            [(2, "dimension_region"), (4, "product")],
        )
        self.assertIn("mars is not known", wizard.error_ids[0].reason)
        unknown = self._import(
            "product,dimension_zone,charge_model\nServer,a,dynamic\n"
        )
        self.assertEqual(unknown.error_ids.column, "dimension_zone")
