from lxml import etree

from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
class TestViews(IaasContractCommon):
    def test_each_role_opens_the_screens(self):
        """R2: nobody meets an access error on a screen their menus lead to."""
        order = self._iaas_order(self.contract, (self.server, 1))
        order.action_confirm()
        accountant = self._iaas_user("accountant", "account.group_account_invoice")
        records = [self.contract, order.iaas_resource_ids, self.customer]
        for user, opened in (
            (self.sales_user, [*records, order]),
            (self.ops_user, records),
            (self.solution_engineer, records),
            (self.auditor, [*records, order]),
            (accountant, [*records, order]),
        ):
            for record in opened:
                with self.subTest(user=user.login, model=record._name):
                    Form(record.with_user(user))

    def test_plain_employee_opens_a_customer(self):
        Form(self.customer.with_user(self._iaas_user("employee", "base.group_user")))

    def test_auditor_is_shown_no_button_that_is_refused(self):
        for model, buttons in (
            (
                "iaas.contract",
                {"action_send", "action_sign", "action_activate", "action_draft"},
            ),
            ("iaas.price", {"action_new_version"}),
        ):
            for user, shown in ((self.auditor, set()), (self.ops_manager, buttons)):
                arch = (
                    self.env[model].with_user(user).get_view(view_type="form")["arch"]
                )
                found = etree.fromstring(arch).xpath("//header/button/@name")
                with self.subTest(model=model, user=user.login):
                    self.assertEqual(buttons & set(found), shown)

    def test_filters_answer(self):
        for model in ("iaas.contract", "iaas.resource"):
            view = self.env[model].get_view(view_type="search")
            for node in self._filters(view["arch"]):
                with self.subTest(model=model, filter=node.get("name")):
                    self.env[model].search(
                        safe_eval(node.get("domain"), {"uid": self.env.uid})
                    )

    def _filters(self, arch):
        return etree.fromstring(arch).xpath("//filter[@domain]")
