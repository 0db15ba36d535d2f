from odoo import api, fields, models


class IaasResource(models.Model):
    _inherit = "iaas.resource"

    pool_id = fields.Many2one(
        "iaas.pool",
        compute="_compute_pool_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        check_company=True,
        help="Where its capacity is taken. Found by the product's family.",
    )

    @api.depends("product_id", "company_id")
    def _compute_pool_id(self):
        for company, resources in self.grouped("company_id").items():
            categories = resources.product_id.categ_id
            pools = (
                self.env["iaas.pool"].sudo()._find_for_categories(categories, company)
            )
            for resource in resources:
                resource.pool_id = pools.get(resource.product_id.categ_id)
