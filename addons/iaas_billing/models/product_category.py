from odoo import fields, models


class ProductCategory(models.Model):
    _inherit = "product.category"

    iaas_focus_category = fields.Selection(
        [
            (name, name)
            for name in (
                "AI and Machine Learning",
                "Analytics",
                "Business Applications",
                "Compute",
                "Databases",
                "Developer Tools",
                "Identity",
                "Integration",
                "Internet of Things",
                "Management and Governance",
                "Media",
                "Migration",
                "Mobile",
                "Multicloud",
                "Networking",
                "Security",
                "Storage",
                "Web",
                "Other",
            )
        ],
        string="FOCUS Service Category",
        help="What its charges are called in the FOCUS export. Empty: as the category "
        "above it, else Other.",
    )

    def _get_focus_category(self):
        """The service category of FOCUS, from the nearest category that names one."""
        self.ensure_one()
        category = self
        while category and not category.iaas_focus_category:
            category = category.parent_id
        return category.iaas_focus_category or "Other"

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
