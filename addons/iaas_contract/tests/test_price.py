"""Prices in Odoo: validity, choice of the price, charge, rights (R5)."""

from datetime import date
from decimal import Decimal

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.iaas_customer.tests.common import IaasCustomerCommon

D = Decimal


@tagged("post_install", "-at_install")
class TestPrice(IaasCustomerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create(
            {
                "name": "Volume SSD",
                "is_iaas": True,
                "iaas_charge_kind": "usage",
                "uom_id": cls.env.ref("iaas_contract.uom_gib_month").id,
                "categ_id": cls.env.ref(
                    "iaas_contract.product_category_iaas_block_storage"
                ).id,
            }
        )
        cls.contract = cls.env["iaas.contract"].create(
            {"partner_id": cls.customer.id, "date_start": "2026-01-01"}
        )

    @classmethod
    def _price(cls, **values):
        return cls.env["iaas.price"].create({"product_id": cls.product.id, **values})

    def _graduated(self, **values):
        return self._price(
            charge_model="graduated",
            tier_ids=[
                Command.create({"up_to": 10, "unit_price": 2, "flat_fee": 1}),
                Command.create({"unit_price": 1, "flat_fee": 5}),
            ],
            **values,
        )


class TestPriceCharge(TestPrice):
    def test_graduated(self):
        price = self._graduated()
        amount = price.compute_amount(12)
        self.assertIsInstance(amount, Decimal)
        self.assertEqual(amount, 28)
        self.assertEqual(price.compute_amount(0), 0)
        price.flat_fee_at_zero = True
        self.assertEqual(price.compute_amount(0), 1)

    def test_standard_is_exact(self):
        price = self._price(unit_price="0.0000004")
        self.assertEqual(price.compute_amount("123456789"), D("49.3827156"))
        self.assertEqual(price.compute_amount(0.1), D("0.00000004"))

    def test_every_charge_model(self):
        tier = {"unit_price": 3, "rate_percent": 10, "block_size": 4}
        for values, quantity, events, expected in (
            ({"charge_model": "standard", "unit_price": 2}, 5, None, 10),
            (
                {"charge_model": "package", "package_size": 10, "package_price": 3},
                26,
                None,
                9,
            ),
            ({"charge_model": "graduated", "tier": tier}, 5, None, 15),
            ({"charge_model": "volume", "tier": tier}, 5, None, 15),
            ({"charge_model": "graduated_percentage", "tier": tier}, 50, None, 5),
            ({"charge_model": "block", "tier": tier}, 5, None, 6),
            (
                {
                    "charge_model": "percentage",
                    "rate_percent": 1,
                    "fixed_per_event": "0.10",
                },
                500,
                [100, 150, 250],
                D("5.30"),
            ),
            ({"charge_model": "dynamic"}, 0, ["1.5", 2.25], D("3.75")),
        ):
            with self.subTest(charge_model=values["charge_model"]):
                values = dict(values, active=False)
                if "tier" in values:
                    values["tier_ids"] = [Command.create(values.pop("tier"))]
                price = self._price(**values)
                self.assertEqual(price.compute_amount(quantity, events), expected)
                self.assertTrue(price.summary)

    def test_bad_quantities_are_refused(self):
        price = self._price(unit_price=1)
        for quantity in (-1, "NaN", "x"):
            with self.subTest(quantity=quantity), self.assertRaises(ValueError):
                price.compute_amount(quantity)

    def test_zero_maximum_is_no_maximum(self):
        price = self._price(unit_price=1, min_amount=5)
        self.assertEqual(price.compute_amount(100), 100)
        self.assertEqual(price.compute_amount(1), 5)
        price.max_amount = 50
        self.assertEqual(price.compute_amount(100), 50)


class TestPriceSoundness(TestPrice):
    def test_unsound_tiers_are_refused(self):
        for bounds in ([], [10], [0, 10], [10, 5, 0], [10, 10, 0]):
            with self.subTest(bounds=bounds), self.assertRaises(ValidationError):
                self._price(
                    charge_model="graduated",
                    tier_ids=[Command.create({"up_to": bound}) for bound in bounds],
                )

    def test_tiers_change_together(self):
        price = self._graduated()
        first, last = price.tier_ids
        price.tier_ids = [
            Command.update(last.id, {"up_to": 100}),
            Command.create({"unit_price": "0.5"}),
        ]
        self.assertEqual(len(price.tier_ids), 3)
        price.tier_ids = [
            Command.delete(price.tier_ids[2].id),
            Command.update(last.id, {"up_to": 0}),
        ]
        self.assertEqual(price.tier_ids, first + last)

    def test_tiers_alone_are_checked(self):
        price = self._graduated()
        with self.assertRaises(ValidationError):
            price.tier_ids[1].up_to = 5
        with self.assertRaises(ValidationError):
            price.tier_ids[1].unlink()
        with self.assertRaises(ValidationError):
            self.env["iaas.price.tier"].create({"price_id": price.id})

    def test_negative_and_contradictory_prices_are_refused(self):
        for values in (
            {"unit_price": -1},
            {"min_amount": 10, "max_amount": 5},
            {"charge_model": "package", "package_price": 1},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self._price(**values)

    def test_volume_dip_is_shown(self):
        price = self._price(
            charge_model="volume",
            tier_ids=[
                Command.create({"up_to": 10, "unit_price": 2}),
                Command.create({"unit_price": 1}),
            ],
        )
        self.assertIn("20.00", price.warning)
        self.assertIn("10.00", price.warning)
        self.assertFalse(self._graduated(active=False).warning)

    def test_summary_is_readable(self):
        price = self._graduated(free_units=5)
        symbol = price.currency_id.symbol
        self.assertEqual(price.currency_id.position, "before")
        self.assertEqual(
            price.summary.splitlines(),
            [
                "First 5 GiB-month free",
                f"Up to 10: {symbol}2.00 / GiB-month plus {symbol}1.00 once",
                f"Above 10: {symbol}1.00 / GiB-month plus {symbol}5.00 once",
            ],
        )


class TestPriceValidity(TestPrice):
    @mute_logger("odoo.sql_db")
    def _assert_overlap(self, **values):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._price(unit_price=1, **values)

    def test_no_two_prices_at_once(self):
        self._price(unit_price=1, date_start="2026-01-01", date_end="2026-06-30")
        self._assert_overlap()
        self._assert_overlap(date_start="2026-06-30")
        self._assert_overlap(date_end="2026-01-01")
        self._price(unit_price=2, date_start="2026-07-01")
        self._price(unit_price=3, date_end="2025-12-31")

    def test_prices_of_other_scopes_do_not_overlap(self):
        self._price(unit_price=1)
        self._price(unit_price=1, contract_id=self.contract.id)
        self._assert_overlap(contract_id=self.contract.id)
        self._price(unit_price=1, active=False)
        other = self.env["res.currency"].with_context(active_test=False)
        other = other.search([("id", "!=", self.env.company.currency_id.id)], limit=1)
        self._price(unit_price=1, currency_id=other.id)

    def test_currency_is_that_of_the_contract(self):
        other = self.env["res.currency"].with_context(active_test=False)
        other = other.search([("id", "!=", self.contract.currency_id.id)], limit=1)
        with self.assertRaisesRegex(ValidationError, other.name):
            self._price(
                unit_price=1, contract_id=self.contract.id, currency_id=other.id
            )

    def test_last_day_is_included(self):
        old = self._price(unit_price=1, date_end="2026-06-30")
        new = self._price(unit_price=2, date_start="2026-07-01")
        find = self.env["iaas.price"]._find
        self.assertEqual(find(self.product, date(2026, 6, 30))[self.product], old)
        self.assertEqual(find(self.product, date(2026, 7, 1))[self.product], new)

    def test_contract_price_goes_first(self):
        listed = self._price(unit_price=2)
        agreed = self._price(
            unit_price=1,
            contract_id=self.contract.id,
            date_start="2026-03-10",
            date_end="2026-03-20",
        )
        other = self.env["product.product"].create({"name": "Volume HDD"})
        prices = self.env["iaas.price"]
        day = date(2026, 3, 15)
        self.assertEqual(
            prices._find(self.product + other, day, self.contract),
            {self.product: agreed, other: prices},
        )
        self.assertEqual(prices._find(self.product, day), {self.product: listed})
        self.assertEqual(
            prices._find_between(
                self.product, date(2026, 3, 1), date(2026, 3, 31), self.contract
            )[self.product],
            [
                (date(2026, 3, 1), date(2026, 3, 9), listed),
                (date(2026, 3, 10), date(2026, 3, 20), agreed),
                (date(2026, 3, 21), date(2026, 3, 31), listed),
            ],
        )

    def test_days_without_price_are_left_out(self):
        first = self._price(unit_price=1, date_end="2026-03-10")
        last = self._price(unit_price=1, date_start="2026-03-21")
        segments = self.env["iaas.price"]._find_between(
            self.product, date(2026, 3, 1), date(2026, 3, 31)
        )
        self.assertEqual(
            segments[self.product],
            [
                (date(2026, 3, 1), date(2026, 3, 10), first),
                (date(2026, 3, 21), date(2026, 3, 31), last),
            ],
        )

    @freeze_time("2026-03-15")
    def test_new_version(self):
        price = self._graduated()
        version = self.env["iaas.price"].browse(price.action_new_version()["res_id"])
        self.assertEqual(price.date_end, date(2026, 3, 31))
        self.assertEqual(version.date_start, date(2026, 4, 1))
        self.assertFalse(version.date_end)
        self.assertEqual(version.compute_amount(12), 28)
        with self.assertRaises(UserError):
            version.action_new_version()
        price.date_end = "2026-03-14"
        with self.assertRaises(UserError):
            price.action_new_version()

    @freeze_time("2026-03-15")
    def test_new_version_keeps_an_agreed_end(self):
        price = self._price(unit_price=1, date_end="2026-12-31")
        version = self.env["iaas.price"].browse(price.action_new_version()["res_id"])
        self.assertEqual(version.date_end, date(2026, 12, 31))


class TestPriceForm(TestPrice):
    def test_form_with_tiers(self):
        with Form(self.env["iaas.price"]) as form:
            form.product_id = self.product
            form.charge_model = "graduated"
            with form.tier_ids.new() as tier:
                tier.up_to = 10
                tier.unit_price = 0.15
            with form.tier_ids.new() as tier:
                tier.unit_price = 0.1
            form.trial_quantity = 20
            self.assertIn("2.50", form.trial_result)
        price = form.record
        self.assertEqual(price.tier_ids.mapped("unit_price"), [D("0.15"), D("0.1")])
        self.assertEqual(price.company_id, self.env.company)
        self.assertEqual(price.currency_id, self.env.company.currency_id)

    def test_form_tells_what_is_wrong_before_saving(self):
        form = Form(self.env["iaas.price"])
        form.charge_model = "graduated"
        self.assertIn("at least one tier", form.trial_result)

    def test_tiers_say_which_quantities_they_price(self):
        price = self._graduated()
        self.assertEqual(price.tier_ids.mapped("scope"), ["Up to 10", "Above 10"])
        price.write(
            {
                "charge_model": "block",
                "tier_ids": [
                    Command.clear(),
                    Command.create({"block_size": 50, "max_blocks": 4}),
                    Command.create({"block_size": 100}),
                ],
            }
        )
        self.assertEqual(price.tier_ids.mapped("scope"), ["Up to 200", "Above 200"])


class TestPriceRights(TestPrice):
    def test_who_may_change_prices(self):
        price = self._price(unit_price=1)
        for user in (
            self.sales_user,
            self.ops_user,
            self.solution_engineer,
            self.auditor,
        ):
            self.assertEqual(price.with_user(user).compute_amount(2), 2)
            with self.assertRaises(AccessError):
                price.with_user(user).unit_price = 3
        price.with_user(self.ops_manager).unit_price = 3
        portal = self._iaas_portal_user("portal", self.customer)
        with self.assertRaises(AccessError):
            price.with_user(portal).read(["unit_price"])

    def test_other_companies_are_hidden(self):
        company = self.env["res.company"].create({"name": "Other cloud"})
        price = self._graduated(company_id=company.id)
        catalogue = self.env["iaas.catalogue"].create(
            {"name": "Theirs", "company_id": company.id}
        )
        for record in (price, price.tier_ids, catalogue):
            with self.assertRaises(AccessError):
                record.with_user(self.ops_manager).write({"write_uid": False})
            model = self.env[record._name].with_user(self.ops_manager)
            self.assertFalse(model.search([("id", "in", record.ids)]))


class TestProduct(TestPrice):
    def test_iaas_product_is_a_service(self):
        self.assertEqual(self.product.type, "service")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.product.type = "consu"
            self.product.flush_recordset()

    def test_choosing_iaas_makes_a_service(self):
        form = Form(self.env["product.template"])
        form.name = "Load balancer"
        form.is_iaas = True
        self.assertEqual(form.type, "service")
        self.assertEqual(form.save().iaas_charge_kind, "recurring")

    def test_prices_of_a_product(self):
        price = self._price(unit_price=1)
        self.assertEqual(self.product.iaas_price_count, 1)
        template = self.product.product_tmpl_id
        self.assertEqual(template.iaas_price_count, 1)
        action = template.action_view_iaas_prices()
        self.assertEqual(self.env["iaas.price"].search(action["domain"]), price)

    def test_list_price_of_today(self):
        self._price(unit_price="0.12", date_end="2026-06-30")
        self._price(unit_price="0.105", date_start="2026-07-01")
        self._price(unit_price="0.08", contract_id=self.contract.id)
        template = self.product.product_tmpl_id
        for day, text in (("2026-06-30", "0.12"), ("2026-07-01", "0.105")):
            with freeze_time(day):
                template.invalidate_recordset(["iaas_current_price"])
                self.assertIn(text, template.iaas_current_price)

    def test_catalogue_counts_its_contracts(self):
        catalogue = self.env["iaas.catalogue"].create(
            {"name": "Standard", "product_ids": self.product.ids}
        )
        self.contract.catalogue_id = catalogue
        self.assertEqual((catalogue.product_count, catalogue.contract_count), (1, 1))
        action = catalogue.action_view_contracts()
        found = self.env["iaas.contract"].search(action["domain"])
        self.assertEqual(found, self.contract)
