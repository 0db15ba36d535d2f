"""R52: prices that depend on region and instance family."""

from datetime import date

from freezegun import freeze_time
from psycopg2 import IntegrityError
from psycopg2.errors import ExclusionViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon


@freeze_time("2026-03-10 12:00:00")
class PriceDimensionCommon(IaasContractCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.region = cls.env.ref("iaas_contract.iaas_price_dimension_region")
        cls.family = cls.env.ref("iaas_contract.iaas_price_dimension_instance_family")
        cls.sg1, cls.tk1, cls.c6 = cls.env["iaas.price.dimension.value"].create(
            [
                {"dimension_id": cls.region.id, "code": "sg1", "name": "Singapore 1"},
                {"dimension_id": cls.region.id, "code": "tk1"},
                {"dimension_id": cls.family.id, "code": "c6"},
            ]
        )
        cls.listed = cls.server.iaas_price_ids

    @classmethod
    def _price_for(cls, values, unit_price, product=None, **other):
        return cls._iaas_price(
            product or cls.server,
            unit_price,
            dimension_value_ids=[Command.set(values.ids)],
            **other,
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestPriceDimension(PriceDimensionCommon):
    def _find(self, contract=None, product=None, **dimensions):
        product = product or self.server
        return self.env["iaas.price"]._find(
            product, date(2026, 3, 10), contract, dimensions
        )[product]

    # === KEY ===

    def test_the_key_is_the_same_in_any_order(self):
        one = self._price_for(self.sg1 + self.c6, "1")
        self.assertEqual(one.dimension_key, "instance_family=c6;region=sg1")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(ExclusionViolation),
            self.env.cr.savepoint(),
        ):
            self._price_for(self.c6 + self.sg1, "2")
        self.assertFalse(self.listed.dimension_key)
        self.assertIn("Region: Singapore 1, Instance Family: c6", one.display_name)

    def test_each_scope_has_one_price_a_day(self):
        """List and contract, any region and each region: side by side, each once."""
        self._price_for(self.sg1, "1", date_end=date(2026, 6, 30))
        self._price_for(self.sg1, "2", date_start=date(2026, 7, 1))
        self._price_for(self.tk1, "3")
        self._price_for(self.sg1, "4", contract_id=self.contract.id)
        for values in (
            {"dimension_value_ids": [Command.set(self.sg1.ids)]},
            {
                "dimension_value_ids": [Command.set(self.sg1.ids)],
                "contract_id": self.contract.id,
            },
            {},
        ):
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(ExclusionViolation),
                self.env.cr.savepoint(),
            ):
                self._iaas_price(self.server, "9", **values)

    def test_a_price_cannot_move_onto_another(self):
        self._price_for(self.sg1, "1")
        tokyo = self._price_for(self.tk1, "2")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(ExclusionViolation),
            self.env.cr.savepoint(),
        ):
            tokyo.dimension_value_ids = self.sg1
            tokyo.flush_recordset()

    def test_one_value_of_a_dimension(self):
        with self.assertRaisesRegex(ValidationError, "two values of one dimension"):
            self._price_for(self.sg1 + self.tk1, "1")

    def test_a_new_version_is_for_the_same(self):
        price = self._price_for(self.sg1, "1")
        version = self.env["iaas.price"].browse(price.action_new_version()["res_id"])
        self.assertEqual(version.dimension_key, "region=sg1")

    def test_codes_that_are_used_stay(self):
        self._price_for(self.sg1, "1")
        for change in (
            lambda: self.sg1.write({"code": "sg2"}),
            lambda: self.sg1.unlink(),
            lambda: self.region.write({"code": "zone"}),
            lambda: self.region.unlink(),
        ):
            with self.assertRaisesRegex(UserError, "used by Server"):
                change()
        self.sg1.write({"code": "sg1", "name": "Singapore"})
        self.tk1.code = "tk2"
        self.tk1.unlink()

    def test_codes_are_plain(self):
        for code in ("a b", "a=b", "a;b", ""):
            with (
                self.subTest(code),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.env["iaas.price.dimension.value"].create(
                    {"dimension_id": self.region.id, "code": code, "name": "x"}
                )

    # === WHICH PRICE HOLDS ===

    def test_the_most_dimensions_hold(self):
        both = self._price_for(self.sg1 + self.c6, "3")
        sg1 = self._price_for(self.sg1, "2")
        self.assertEqual(self._find(region="sg1", instance_family="c6"), both)
        self.assertEqual(self._find(region="sg1", instance_family="m7"), sg1)
        self.assertEqual(self._find(region="sg1"), sg1)
        self.assertEqual(self._find(region="tk1", instance_family="c6"), self.listed)
        self.assertEqual(self._find(), self.listed)

    def test_the_contract_goes_before_the_list(self):
        self._price_for(self.sg1, "2")
        agreed = self._iaas_price(self.server, "70", contract_id=self.contract.id)
        self.assertEqual(self._find(self.contract, region="sg1"), agreed)
        there = self._price_for(self.tk1, "60", contract_id=self.contract.id)
        self.assertEqual(self._find(self.contract, region="tk1"), there)
        self.assertEqual(self._find(self.contract, region="sg1"), agreed)

    def test_of_two_that_fit_the_dimension_that_stands_higher(self):
        sg1 = self._price_for(self.sg1, "2")
        c6 = self._price_for(self.c6, "3")
        used = {"region": "sg1", "instance_family": "c6"}
        self.assertEqual(self._find(**used), sg1)
        self.family.sequence = 1
        self.assertEqual(self._find(**used), c6)

    def test_proposed_prices_do_not_hold(self):
        """Not even for who looks at archived records."""
        self._price_for(self.sg1, "2", active=False)
        prices = self.env["iaas.price"].with_context(active_test=False)
        found = prices._find(self.server, date(2026, 3, 10), None, {"region": "sg1"})
        self.assertEqual(found[self.server], self.listed)

    def test_calculator_tells_what_it_costs_elsewhere(self):
        there = self._price_for(self.sg1, "95")
        there.trial_quantity = 2
        self.assertEqual(there.trial_others, "Any other: $160.00")
        self.listed.trial_quantity = 1
        self.assertEqual(self.listed.trial_others, "Region: Singapore 1: $95.00")

    def test_in_force(self):
        sg1 = self._price_for(self.sg1, "2")
        prices = self.env["iaas.price"]
        day = date(2026, 3, 10)
        found = prices._find_in_force(self.server, day)[self.server]
        self.assertEqual(found, self.listed + sg1)
        self.assertIn(
            "Region: Singapore 1", self.server.product_tmpl_id.iaas_current_price
        )
        self.assertEqual(self.server.iaas_price_dimension_ids, self.region)
        own = self._iaas_price(self.server, "70", contract_id=self.contract.id)
        found = prices._find_in_force(self.server, day, self.contract)[self.server]
        self.assertEqual(found, own)

    # === ORDERING ===

    def _order_in(self, values, product=None, quantity=1):
        order = self._iaas_order(self.contract, (product or self.server, quantity))
        order.order_line.iaas_dimension_value_ids = values
        return order

    def test_ordered_at_the_price_of_the_region(self):
        self._price_for(self.sg1, "95")
        order = self._order_in(self.sg1, quantity=2)
        self.assertEqual(order.order_line.price_unit, 95)
        order.action_confirm()
        resources = order.iaas_resource_ids
        self.assertEqual(resources.mapped("dimension_key"), ["region=sg1"] * 2)
        with self.assertRaisesRegex(UserError, "already runs"):
            order.order_line.iaas_dimension_value_ids = self.tk1
        order.order_line.iaas_dimension_value_ids = self.sg1
        other = self._order_in(self.tk1)
        self.assertEqual(other.order_line.price_unit, 80)

    def test_ordered_again_elsewhere(self):
        """What a cancelled order took out comes back only as it was."""
        order = self._order_in(self.sg1)
        self._price_for(self.sg1, "95")
        order.action_confirm()
        order._action_cancel()
        order.action_draft()
        order.order_line.iaas_dimension_value_ids = self.tk1
        order.action_confirm()
        self.assertEqual(order.iaas_resource_ids.dimension_key, "region=tk1")

    def test_nowhere_without_a_price(self):
        self.listed.unlink()
        self._price_for(self.sg1, "95")
        for values, words in ((self.tk1, "Region: tk1"), (self.tk1.browse(), "")):
            with self.assertRaisesRegex(UserError, f"no price is valid.*{words}"):
                self._order_in(values).action_confirm()
        self._order_in(self.sg1).action_confirm()

    def test_usage_is_ordered_with_all_its_prices(self):
        """The events say the region: the order names every price they may meet."""
        self.traffic.iaas_price_ids.unlink()
        self._price_for(self.sg1, "0.09", self.traffic)
        self._price_for(self.tk1, "0.12", self.traffic)
        order = self._iaas_order(self.contract, (self.traffic, 1))
        self.assertIn("Singapore 1: $0.09", order.order_line.name)
        self.assertIn("tk1: $0.12", order.order_line.name)
        order.action_confirm()
        order = self._order_in(self.sg1, self.traffic)
        order._iaas_apply_terms()
        self.assertIn("Billed on usage at $0.09", order.order_line.name)
        self.assertNotIn("$0.12", order.order_line.name)

    def test_only_where_it_is_offered(self):
        self.server.product_tmpl_id.iaas_dimension_value_ids = self.sg1
        for values in (self.tk1, self.tk1.browse()):
            with self.assertRaisesRegex(UserError, "choose Region, one of Singapore 1"):
                self._order_in(values).action_confirm()
        self._order_in(self.sg1 + self.c6).action_confirm()

    def test_another_program_orders_in_a_region(self):
        self._price_for(self.sg1, "95")
        self.server.default_code = "SRV"
        place = self.env["sale.order"].iaas_place_order
        line = {"product": "SRV", "quantity": 1, "dimensions": {"region": "sg1"}}
        placed = place("P-1", self.contract.name, [line])
        self.assertEqual(place("P-1", self.contract.name, [line]), placed)
        order = self.env["sale.order"].browse(placed["id"])
        self.assertEqual(order.iaas_resource_ids.dimension_key, "region=sg1")
        with self.assertRaisesRegex(ValidationError, "other content"):
            place("P-1", self.contract.name, [line | {"dimensions": {}}])
        for wrong in (
            {"region": "mars"},
            {"zone": "sg1"},
            {"region": 1},
            {"region": []},
        ):
            with self.assertRaisesRegex(ValidationError, "is not known"):
                place("P-2", self.contract.name, [line | {"dimensions": wrong}])
        with self.assertRaisesRegex(ValidationError, "is an object"):
            place("P-2", self.contract.name, [line | {"dimensions": ["sg1"]}])

    # === CONTRACT ===

    def test_dimensions_of_an_own_price_are_terms(self):
        draft = self._iaas_contract(self.customer)
        self._iaas_price(self.server, "70", contract_id=draft.id)
        before = draft._terms_digest()
        draft.price_ids.dimension_value_ids = self.sg1
        self.assertNotEqual(draft._terms_digest(), before)

    def test_a_signed_price_keeps_its_dimensions(self):
        price = self._iaas_price(self.server, "70", contract_id=self.contract.id)
        price_as_sales = price.with_user(self.sales_manager_user())
        with self.assertRaisesRegex(UserError, "is signed"):
            price_as_sales.dimension_value_ids = self.sg1

    def sales_manager_user(self):
        return self._iaas_user("prices", "sales_team.group_sale_manager")

    def test_review_sheet_judges_each_region(self):
        self._price_for(self.sg1, "40")
        self.server.iaas_floor_price = 50
        for values, number in ((self.sg1, 2), (self.tk1, 1)):
            self._order_in(values, quantity=number).action_confirm()
        rows = {
            row["dimension_text"]: row
            for row in self.env["iaas.contract.review"]._product_rows(self.contract)
            if row["product_id"] == self.server.id
        }
        self.assertEqual(set(rows), {"Region: Singapore 1", "Region: tk1"})
        self.assertEqual(rows["Region: Singapore 1"]["list_unit"], 40)
        self.assertEqual(rows["Region: Singapore 1"]["quantity"], 2)
        self.assertTrue(rows["Region: Singapore 1"]["is_breach"])
        self.assertFalse(rows["Region: tk1"]["is_breach"])

    def test_a_change_of_size_at_the_price_of_the_region(self):
        self._price_for(self.sg1, "0.10", self.disk)
        order = self._order_in(self.sg1, self.disk, 100)
        order.action_confirm()
        resource = order.iaas_resource_ids
        resource._change("resize", date(2026, 3, 20), quantity=300)
        self.assertEqual(resource.segment_ids.mapped("monthly_fee"), [10, 30])

    # === RIGHTS ===

    def test_who_may_change_dimensions(self):
        for user in (self.sales_user, self.ops_user, self.auditor):
            self.assertEqual(self.sg1.with_user(user).code, "sg1")
            for record in (self.sg1, self.region):
                with self.assertRaises(AccessError):
                    record.with_user(user).name = "x"
        self.sg1.with_user(self.ops_manager).name = "Singapore"
        portal = self._iaas_portal_user("portal", self.customer)
        with self.assertRaises(AccessError):
            self.sg1.with_user(portal).read(["name"])

    def test_forms(self):
        with Form(self.env["iaas.price"]) as form:
            form.product_id = self.server
            form.dimension_value_ids.add(self.sg1)
            form.unit_price = "95"
        self.assertEqual(self._find(region="sg1").unit_price, 95)
        order = self._iaas_order(self.contract, (self.server, 1))
        with Form(order) as form, form.order_line.edit(0) as line:
            line.iaas_dimension_value_ids.add(self.sg1)
            self.assertEqual(line.price_unit, 95)
