from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasCustomerCommon


@tagged("post_install", "-at_install")
class TestCustomer(IaasCustomerCommon):
    def test_seeded_tiers(self):
        """R7: large B is served one to one, small B one to many."""
        self.assertEqual(self.tier_large.service_model, "one_to_one")
        self.assertEqual(self.tier_large.renewal_notice_days, 180)
        self.assertEqual(self.tier_small.service_model, "one_to_many")
        self.assertEqual(self.tier_small.renewal_notice_days, 60)

    def test_tier_counts_its_customers(self):
        tier = self.env["iaas.customer.tier"].create({"name": "Trial", "code": "trial"})
        self.assertEqual(tier.customer_count, 0)
        (self.customer | self.other_customer).iaas_tier_id = tier
        self.env["res.partner"].create(
            {"name": "Vendor", "is_company": True, "iaas_tier_id": tier.id}
        )
        self.assertEqual(tier.customer_count, 2)
        customers = self.env["res.partner"].search(
            tier.action_view_customers()["domain"]
        )
        self.assertEqual(customers, self.customer | self.other_customer)

    @mute_logger("odoo.sql_db")
    def test_codes_are_unique(self):
        for model, code in (
            ("iaas.customer.tier", "large_b"),
            ("iaas.contact.role", "administrator"),
        ):
            with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.env[model].create({"name": "Same again", "code": code})

    def test_only_companies_are_customers(self):
        """R6: the customer is an organisation, persons are its contacts."""
        with (
            self.assertRaisesRegex(ValidationError, "Mei Tanaka is a person"),
            self.env.cr.savepoint(),
        ):
            self.contact.is_iaas_customer = True
        with self.assertRaises(ValidationError):
            self.customer.is_company = False

    def test_backup_is_somebody_else(self):
        """R3: the named backup is not the owner."""
        self.customer.iaas_backup_user_id = self.ops_user
        with (
            self.assertRaisesRegex(ValidationError, "cannot be their own backup"),
            self.env.cr.savepoint(),
        ):
            self.customer.user_id = self.ops_user
        with self.assertRaises(ValidationError):
            self.customer.iaas_backup_user_id = self.sales_user

    def test_group_is_the_topmost_company(self):
        """R6: subsidiaries of any depth and all contacts belong to the group."""
        grandchild = self._iaas_customer(
            "Northwind Drones", self.tier_small, parent_id=self.subsidiary.id
        )
        family = self.customer | self.subsidiary | grandchild | self.contact
        self.assertEqual(family.iaas_group_id, self.customer)
        self.assertEqual(self.other_customer.iaas_group_id, self.other_customer)
        self.assertEqual(
            self.customer.iaas_subsidiary_ids, self.subsidiary | grandchild
        )
        self.assertEqual(self.customer.iaas_subsidiary_count, 2)
        self.assertFalse(self.subsidiary.iaas_subsidiary_ids)
        listed = self.env["res.partner"].search(
            self.customer.action_view_iaas_subsidiaries()["domain"]
        )
        self.assertEqual(listed, self.subsidiary | grandchild)

    def test_group_follows_the_parent(self):
        grandchild = self._iaas_customer(
            "Northwind Drones", self.tier_small, parent_id=self.subsidiary.id
        )
        self.customer.parent_id = self.other_customer
        self.assertEqual(grandchild.iaas_group_id, self.other_customer)
        self.assertEqual(self.contact.iaas_group_id, self.other_customer)
        self.assertEqual(self.other_customer.iaas_subsidiary_count, 3)
        self.subsidiary.parent_id = False
        self.assertEqual(grandchild.iaas_group_id, self.subsidiary)
        self.assertEqual(self.customer.iaas_group_id, self.other_customer)
        self.assertEqual(self.other_customer.iaas_subsidiary_ids, self.customer)

    def test_person_alone_has_no_group(self):
        person = self.env["res.partner"].create({"name": "Alone"})
        self.assertFalse(person.iaas_group_id)
        company = self._iaas_customer("Odd", self.tier_small, parent_id=person.id)
        self.assertEqual(company.iaas_group_id, company)

    def test_contacts_made_with_the_customer_are_not_customers(self):
        """The defaults of the Customers menu stay with the company."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_customer.res_partner_action"
        )
        self.assertIn("default_is_iaas_customer", action["context"])
        company = (
            self.env["res.partner"]
            .with_context(default_is_iaas_customer=True, default_is_company=True)
            .create(
                {
                    "name": "Quarry Systems",
                    "child_ids": [
                        Command.create({"name": "Ana Silva", "is_company": False})
                    ],
                }
            )
        )
        self.assertTrue(company.is_iaas_customer)
        self.assertFalse(company.child_ids.is_iaas_customer)
