from datetime import date

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContract(IaasContractCommon):
    def test_number_by_year_of_start(self):
        contract = self._iaas_contract(self.customer)
        self.assertRegex(contract.name, r"^FC/2025/\d{4}$")

    def test_term_in_months(self):
        contract = self._iaas_contract(self.customer)
        self.assertEqual(contract.term_months, 36)
        form = Form(contract)
        form.term_months = 12
        self.assertEqual(form.date_end, date(2025, 12, 31))
        form.save()
        self.assertEqual(contract.date_end, date(2025, 12, 31))
        contract.date_end = date(2026, 1, 15)
        self.assertEqual(contract.term_months, 0)

    def test_a_new_contract_runs_for_a_year(self):
        """The menu proposes twelve months, which follow the first day; code may leave
        the end open."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_action"
        )
        contracts = self.env["iaas.contract"].with_user(self.sales_user)
        with Form(contracts.with_context(**safe_eval(action["context"]))) as form:
            form.partner_id = self.customer
            self.assertEqual(form.term_months, 12)
            form.date_start = date(2026, 4, 1)
            self.assertEqual(form.date_end, date(2027, 3, 31))
        contract = form.record
        self.assertEqual(contract.date_end, date(2027, 3, 31))
        contract.date_start = date(2026, 3, 1)
        self.assertEqual(contract.term_months, 13)
        with Form(contract) as form:
            form.date_end = False
        self.assertFalse(contract.date_end)
        self.assertFalse(contracts.create({"partner_id": self.customer.id}).date_end)

    def test_owner_and_backup_follow_customer(self):
        """R3: owner and named backup."""
        self.customer.iaas_backup_user_id = self.ops_user
        contract = self._iaas_contract(self.customer)
        self.assertEqual(contract.user_id, self.sales_user)
        self.assertEqual(contract.backup_user_id, self.ops_user)

    def test_customer_is_a_legal_entity(self):
        with self.assertRaisesRegex(ValidationError, "is a contact of Northwind"):
            self._iaas_contract(self.contact)

    @mute_logger("odoo.sql_db")
    def test_dates_in_order(self):
        with self.assertRaises(IntegrityError):
            self._iaas_contract(self.customer, date_end=date(2024, 12, 31))

    def test_valid_on_includes_both_ends(self):
        self.assertFalse(self.contract._is_valid_on(date(2024, 12, 31)))
        self.assertTrue(self.contract._is_valid_on(date(2025, 1, 1)))
        self.assertTrue(self.contract._is_valid_on(date(2027, 12, 31)))
        self.assertFalse(self.contract._is_valid_on(date(2028, 1, 1)))
        draft = self._iaas_contract(self.customer)
        self.assertFalse(draft._is_valid_on(date(2026, 1, 1)))

    def test_only_drafts_are_deleted(self):
        self._iaas_contract(self.customer).with_user(self.sales_user).unlink()
        with self.assertRaisesRegex(UserError, "no longer a draft"):
            self.contract.unlink()

    def test_signed_terms_are_locked(self):
        contract = self.contract.with_user(self.sales_user)
        with self.assertRaisesRegex(UserError, "Cycle"):
            contract.cycle = "year"
        with self.assertRaisesRegex(UserError, "Last Day"):
            contract.date_end = date(2028, 12, 31)
        contract.write({"cycle": "month", "title": "Cloud services 2026"})

    def test_addendum_by_operations_manager(self):
        contract = self.contract.with_user(self.ops_manager)
        contract.date_end = date(2028, 12, 31)
        contract.line_ids = [
            Command.create({"product_id": self.server.id, "discount": "5"})
        ]
        with self.assertRaisesRegex(UserError, "Cycle"):
            contract.cycle = "year"

    def test_signed_discounts_are_locked(self):
        self.contract.line_ids = [
            Command.create({"product_id": self.server.id, "discount": "5"})
        ]
        line = self.contract.line_ids.with_user(self.sales_user)
        for change in (
            lambda: line.write({"discount": "50"}),
            line.unlink,
            lambda: line.copy({"product_id": self.disk.id}),
        ):
            with self.assertRaisesRegex(UserError, "operations manager"):
                change()


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestDiscount(IaasContractCommon):
    def _add(self, discount, **values):
        return self.env["iaas.contract.line"].create(
            {"contract_id": self.contract.id, "discount": discount, **values}
        )

    def test_nearest_line_wins(self):
        """R27: discount per product or category."""
        cloud = self._add("10", categ_id=self.categ_cloud.id)
        compute = self._add("20", categ_id=self.categ_compute.id)
        day = date(2026, 3, 10)
        self.assertEqual(self.contract._get_discount(self.server, day), compute)
        self.assertEqual(self.contract._get_discount(self.disk, day), cloud)
        own = self._add("7.5", product_id=self.server.id)
        self.assertEqual(self.contract._get_discount(self.server, day), own)
        outside = self._iaas_product(
            "Rack", self.env.ref("product.product_category_services"), "1"
        )
        self.assertFalse(self.contract._get_discount(outside, day))

    def test_dates_include_both_ends(self):
        first = self._add(
            "10",
            product_id=self.server.id,
            date_start=date(2026, 1, 1),
            date_end=date(2026, 3, 31),
        )
        second = self._add("15", product_id=self.server.id, date_start=date(2026, 4, 1))
        for day, line in (
            (date(2025, 12, 31), self.env["iaas.contract.line"]),
            (date(2026, 1, 1), first),
            (date(2026, 3, 31), first),
            (date(2026, 4, 1), second),
        ):
            self.assertEqual(self.contract._get_discount(self.server, day), line)

    @mute_logger("odoo.sql_db")
    def test_overlaps_refused_by_database(self):
        self._add("10", product_id=self.server.id, date_end=date(2026, 3, 31))
        self._add("10", categ_id=self.categ_compute.id)
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self._add("5", product_id=self.server.id, date_start=date(2026, 3, 31))
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self._add("5", categ_id=self.categ_compute.id)

    @mute_logger("odoo.sql_db")
    def test_one_target_and_a_percentage(self):
        for values in (
            {},
            {"product_id": self.server.id, "categ_id": self.categ_cloud.id},
        ):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self._add("5", **values)
        for discount in ("-1", "100.1"):
            with self.assertRaises(IntegrityError), self.cr.savepoint():
                self._add(discount, product_id=self.server.id)

    def test_contract_is_found_by_number_title_and_customer(self):
        for text in (self.contract.name, "Cloud services", self.customer.name):
            with self.subTest(text):
                found = self.env["iaas.contract"].name_search(text)
                self.assertIn(self.contract.id, [contract for contract, _name in found])
