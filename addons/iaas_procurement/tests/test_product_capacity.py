from decimal import Decimal

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
class TestProductCapacity(IaasProcurementCommon):
    def test_capacity_is_exact(self):
        """R71: what a product takes is kept as it was typed."""
        bandwidth = self._pool_product("EIP", self.category, bandwidth="0.1")
        self.env.invalidate_all()
        self.assertEqual(bandwidth.iaas_capacity_ids.quantity, Decimal("0.1"))
        self.assertEqual(bandwidth.iaas_capacity_ids.unit, "Mbps")
        self.assertEqual(bandwidth.iaas_capacity_ids.display_name, "0.1 Mbps")

    def test_capacity_typed_on_a_new_template_lands_on_its_variant(self):
        template = self.env["product.template"].create(
            {"name": "VM 8c32g", "iaas_capacity_ids": self._capacity(vcpu=8, ram=32)}
        )
        self.assertEqual(
            template.product_variant_id.iaas_capacity_ids,
            template.iaas_capacity_ids,
        )
        self.assertEqual(len(template.iaas_capacity_ids), 2)

    def test_server_model_form(self):
        form = Form(
            self.env["product.template"].with_context(
                default_is_iaas_server=True, default_type="consu"
            ),
            "product.product_template_only_form_view",
        )
        form.name = "2U server 128c"
        with form.iaas_capacity_ids.new() as line:
            line.dimension = "vcpu"
            line.quantity = 128
        server = form.save().product_variant_id
        self.assertEqual(server._iaas_capacity()[server.id], {"vcpu": 128})

    def test_variants_have_their_own_capacity(self):
        size = self.env["product.attribute"].create(
            {
                "name": "Size",
                "value_ids": [
                    Command.create({"name": "S"}),
                    Command.create({"name": "L"}),
                ],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "VM",
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": size.id,
                            "value_ids": size.value_ids.ids,
                        }
                    )
                ],
            }
        )
        small, large = template.product_variant_ids
        small.iaas_capacity_ids = self._capacity(vcpu=2)
        large.iaas_capacity_ids = self._capacity(vcpu=16)
        self.assertEqual(small.iaas_capacity_ids.quantity, 2)
        with self.assertRaisesRegex(UserError, "each of them"):
            template.iaas_capacity_ids = self._capacity(vcpu=4)
