from odoo import models


class ProductCategory(models.Model):
    _inherit = "product.category"

    def _get_iaas_family(self):
        """The family a category belongs to: its ancestor right below the root of the
        IaaS families, or the category itself outside of that tree."""
        self.ensure_one()
        root_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "iaas_contract.product_category_iaas"
        )
        path = [int(part) for part in (self.parent_path or "").split("/") if part]
        if root_id not in path[:-1]:
            return self
        return self.browse(path[path.index(root_id) + 1])
