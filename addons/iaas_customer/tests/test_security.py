from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import IaasCustomerCommon


@tagged("post_install", "-at_install")
class TestSecurity(IaasCustomerCommon):
    """R2: each role reads and writes what its day needs, and nothing else."""

    def test_auditor_reads_all_and_writes_nothing(self):
        auditor_env = self.env(user=self.auditor)
        for model in (
            "iaas.customer.tier",
            "iaas.contact.role",
            "res.partner",
            "crm.lead",
            "sale.order",
            "account.move",
        ):
            self.assertTrue(auditor_env[model].has_access("read"), model)
            for operation in ("write", "create", "unlink"):
                self.assertFalse(
                    auditor_env[model].has_access(operation), f"{model} {operation}"
                )
        self.assertEqual(
            self.customer.with_user(self.auditor).iaas_tier_id, self.tier_large
        )
        with self.assertRaises(AccessError):
            self.customer.with_user(self.auditor).action_iaas_submit_verification()

    def test_operations_look_after_customers(self):
        customer = (
            self.env["res.partner"]
            .with_user(self.ops_user)
            .create(
                {
                    "name": "Orchard Health",
                    "is_company": True,
                    "is_iaas_customer": True,
                    "iaas_tier_id": self.tier_small.id,
                }
            )
        )
        customer.user_id = self.ops_user
        with self.assertRaises(AccessError):
            customer.unlink()

    def test_only_managers_configure(self):
        for user in (self.ops_user, self.sales_user, self.solution_engineer):
            for record in (self.tier_large, self.role_decision_maker):
                self.assertTrue(record.with_user(user).name)
                with self.assertRaises(AccessError):
                    record.with_user(user).name = "Changed"
        self.tier_large.with_user(self.ops_manager).name = "Key Accounts"
        self.assertEqual(self.tier_large.name, "Key Accounts")

    def test_solution_engineer_reads(self):
        customer = self.customer.with_user(self.solution_engineer)
        self.assertEqual(customer.iaas_tier_id, self.tier_large)
        self.assertTrue(
            self.env["crm.lead"].with_user(self.solution_engineer).has_access("read")
        )
        with self.assertRaises(AccessError):
            customer.name = "Changed"

    def test_portal_sees_its_own_company_without_our_notes(self):
        portal_user = self._iaas_portal_user("portal_northwind", self.customer)
        customer = self.customer.with_user(portal_user)
        self.assertEqual(customer.iaas_verification_state, "unverified")
        for name in ("iaas_tier_id", "iaas_verification_note", "iaas_verifier_id"):
            with self.assertRaises(AccessError):
                customer.read([name])
        with self.assertRaises(AccessError):
            self.other_customer.with_user(portal_user).read(["name"])
        visible = self.env["res.partner"].with_user(portal_user).search([])
        self.assertNotIn(self.other_customer, visible)
        with self.assertRaises(AccessError):
            customer.action_iaas_submit_verification()
        for model in ("iaas.customer.tier", "iaas.contact.role"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(portal_user).search([])

    def test_customer_of_another_company_stays_hidden(self):
        company = self.env["res.company"].create({"name": "Other Cloud"})
        self.other_customer.company_id = company
        partners = self.env["res.partner"].with_user(self.ops_user)
        self.assertNotIn(
            self.other_customer, partners.search([("is_iaas_customer", "=", True)])
        )
        with self.assertRaises(AccessError):
            self.other_customer.with_user(self.ops_user).action_iaas_verify()
