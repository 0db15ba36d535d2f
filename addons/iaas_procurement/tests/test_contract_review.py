from odoo import Command
from odoo.tests import tagged

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
class TestContractReview(IaasProcurementCommon):
    """R39: the review sheet says what could not be delivered."""

    def _note(self, product):
        action = self.contract.with_user(self.sales_user).action_open_review()
        sheet = self.env[action["res_model"]].browse(action["res_id"])
        line = sheet.line_ids.filtered(lambda line: line.product_id == product)
        return line.note or ""

    def _quote(self, quantity):
        self.env["iaas.price"].create({"product_id": self.vm.id, "unit_price": "40"})
        self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "iaas_contract_id": self.contract.id,
                "order_line": [
                    Command.create(
                        {"product_id": self.vm.id, "product_uom_qty": quantity}
                    )
                ],
            }
        )

    def test_room_for_more(self):
        self.assertNotIn("No capacity", self._note(self.vm))

    def test_quoted_more_than_is_free(self):
        """588 vCPU may be sold: 147 machines of 4 are carried, 150 are not; RAM of
        1,766 GiB carries 110 of 16 only."""
        self._quote(110)
        self.assertNotIn("No capacity", self._note(self.vm))
        self.env["sale.order"].search(
            [("iaas_contract_id", "=", self.contract.id), ("state", "=", "draft")]
        ).order_line.product_uom_qty = 150
        note = self._note(self.vm)
        self.assertIn("Compute East is short of vCPU 12 vCPU, RAM 634 GiB", note)

    def test_nothing_is_free(self):
        self.hosts.action_drain()
        self.assertIn("is short of", self._note(self.vm))

    def test_no_pool(self):
        self.vm.categ_id = self.env["product.category"].create({"name": "Elsewhere"})
        self.assertIn("no pool serves it", self._note(self.vm))
