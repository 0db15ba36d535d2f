from collections import Counter
from decimal import Decimal as Exact

from odoo import api, models


class IaasContractReview(models.TransientModel):
    _inherit = "iaas.contract.review"

    @api.model
    def _get_capacity_notes(self, company, quoted):
        """Services whose pool could not carry what is quoted besides what is sold and
        held, or one unit where nothing is quoted (R39)."""
        notes = super()._get_capacity_notes(company, quoted)
        products = self.env["product.product"].sudo().concat(*quoted)
        pools = (
            self.env["iaas.pool"]
            .sudo()
            ._find_for_categories(products.categ_id, company)
        )
        capacity = products._iaas_capacity()
        asked = Counter()
        for product in products:
            pool = pools.get(product.categ_id)
            for dimension, size in capacity[product.id].items():
                asked[pool, dimension] += quoted[product] * size
        for product in products:
            pool, sizes = pools.get(product.categ_id), capacity[product.id]
            if not sizes:
                continue
            if not pool:
                notes[product] = self.env._("No capacity: no pool serves it.")
                continue
            dims = {dim.dimension: dim for dim in pool.dim_ids}
            short = [
                (dims[dimension], missing)
                for dimension, size in sizes.items()
                if dimension in dims
                for missing in [(asked[pool, dimension] or size) - dims[dimension].free]
                if missing > 0
            ]
            if short:
                notes[product] = self.env._(
                    "No capacity: pool %(pool)s is short of %(missing)s.",
                    pool=pool.display_name,
                    missing=", ".join(
                        dim._format(Exact(missing)) for dim, missing in short
                    ),
                )
        return notes
