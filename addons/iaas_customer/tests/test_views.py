from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .common import IaasCustomerCommon


@tagged("post_install", "-at_install")
class TestViews(IaasCustomerCommon):
    def _action(self, xmlid, user):
        action = (
            self.env["ir.actions.act_window"]
            .with_user(user)
            ._for_xml_id(f"iaas_customer.{xmlid}")
        )
        return action

    def test_operations_register_a_customer(self):
        form = Form(
            self.env["res.partner"]
            .with_user(self.ops_user)
            .with_context(default_is_company=True, default_is_iaas_customer=True),
            "base.view_partner_form",
        )
        form.name = "Orchard Health"
        form.iaas_tier_id = self.tier_small
        form.user_id = self.sales_user
        form.iaas_backup_user_id = self.ops_user
        form.parent_id = self.customer
        customer = form.save()
        self.assertEqual(customer.iaas_group_id, self.customer)
        self.assertEqual(customer.iaas_verification_state, "unverified")

    def test_unowned_customers_are_listed(self):
        """R1: nothing unowned."""
        domain = [
            ("is_iaas_customer", "=", True),
            ("user_id", "=", False),
        ]
        action = self._action("res_partner_action_unowned", self.ops_user)
        partners = self.env["res.partner"].with_user(self.ops_user)
        self.assertEqual(action["domain"], str(domain))
        self.assertNotIn(self.customer, partners.search(domain))
        self.customer.user_id = False
        self.assertIn(self.customer, partners.search(domain))

    def test_every_list_of_customers_makes_companies(self):
        for name in ("", "_groups", "_to_verify", "_unowned"):
            action = self._action(f"res_partner_action{name}", self.ops_user)
            context = safe_eval(action["context"], {"uid": self.ops_user.id})
            expected = {
                "is_company": True,
                "is_iaas_customer": True,
                "user_id": self.ops_user.id,
            }
            partners = self.env["res.partner"].with_context(**context)
            with self.subTest(action=name):
                self.assertEqual(partners.default_get([*expected]), expected)

    def test_my_work_makes_nothing(self):
        """An activity is made on the record it belongs to."""
        action = self._action("mail_activity_action", self.auditor)
        self.assertIs(safe_eval(action["context"], {"uid": 1})["create"], False)

    def test_filters_answer(self):
        """Each filter of the customer search is a domain the server accepts."""
        view = self.env.ref("iaas_customer.res_partner_view_search")
        partners = self.env["res.partner"].with_user(self.ops_user)
        arch = partners.get_view(view.id, "search")["arch"]
        self.assertIn("Tops of Groups", arch)
        tops = partners.search(
            [("parent_id", "=", False), ("child_ids.is_company", "=", True)]
        )
        self.assertIn(self.customer, tops)
        self.assertNotIn(self.other_customer, tops)

    def test_my_work_opens_the_document(self):
        """R1: one workspace; each item leads to its record."""
        self.customer.user_id = self.ops_user
        self.customer.with_user(self.ops_user).action_iaas_submit_verification()
        activities = (
            self.env["mail.activity"]
            .with_user(self.ops_user)
            .search([("user_id", "=", self.ops_user.id)])
        )
        self.assertEqual(activities.res_name, self.customer.display_name)
        action = activities.action_open_document()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("res.partner", self.customer.id)
        )
