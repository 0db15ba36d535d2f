from odoo import models
from odoo.exceptions import UserError


class SaleAdvancePaymentInv(models.TransientModel):
    _inherit = "sale.advance.payment.inv"

    def create_invoices(self):
        """Refuse a down payment on what statements bill in full."""
        settled = self.sale_order_ids.filtered(lambda order: order._iaas_lines())
        if settled and self.advance_payment_method != "delivered":
            raise UserError(
                self.env._(
                    "%(orders)s hold IaaS services, which statements bill in full. To "
                    "take a down payment on other products, order them separately; to "
                    "be paid ahead for services, register a customer payment.",
                    orders=", ".join(settled.mapped("name")),
                )
            )
        return super().create_invoices()
