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
        help="Where its capacity is taken. Found by the product's family and the "
        "region.",
    )

    @api.depends("product_id", "company_id", "dimension_key")
    def _compute_pool_id(self):
        for company, resources in self.grouped("company_id").items():
            wanted = {
                resource: (resource.product_id.categ_id, resource._get_dimensions())
                for resource in resources
                if resource.product_id
            }
            pools = self.env["iaas.pool"].sudo()._find_each(wanted, company)
            for resource in resources:
                resource.pool_id = pools.get(resource)
