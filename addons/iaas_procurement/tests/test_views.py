from lxml import etree

from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
class TestViews(IaasProcurementCommon):
    def test_each_role_opens_the_screens(self):
        """R2: nobody meets an access error on a screen their menus lead to."""
        resource = self._sell(250, date_start="2025-06-01")
        order = self._request()
        order.button_confirm()
        order.order_line.qty_received = 1
        host = order.order_line.iaas_host_ids
        bought = [self.pool, host, order, resource]
        for user, opened in (
            (self.procurement_user, bought),
            (self.procurement_manager, [*bought, self.host_model.product_tmpl_id]),
            (self.ops_user, [self.pool, host, resource]),
            (self.solution_engineer, [self.pool, resource]),
            (self.sales_user, [resource, self.vm.product_tmpl_id]),
            (self.auditor, bought),
        ):
            for record in opened:
                with self.subTest(user=user.login, model=record._name):
                    Form(record.with_user(user))

    def test_filters_answer(self):
        for model in ("iaas.pool", "iaas.host", "iaas.product.capacity"):
            arch = self.env[model].get_view(view_type="search")["arch"]
            for node in etree.fromstring(arch).xpath("//filter[@domain]"):
                with self.subTest(model=model, filter=node.get("name")):
                    self.env[model].search(
                        safe_eval(node.get("domain"), {"uid": self.env.uid})
                    )
