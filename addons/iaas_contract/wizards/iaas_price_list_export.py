import base64

from odoo import fields, models

from ..models.iaas_price import PRICING_FIELDS
from ..price_sheet import PRICED_BY, dimension_column, write_csv, write_xlsx

_WRITERS = {"csv": write_csv, "xlsx": write_xlsx}


class IaasPriceListExport(models.TransientModel):
    """Writes list prices to a file that can be changed and imported again."""

    _name = "iaas.price.list.export"
    _description = "Export a Price List"

    version_id = fields.Many2one(
        "iaas.price.list.version",
        help="Export the prices as this version makes them.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    day = fields.Date(
        string="Prices Valid On", required=True, default=fields.Date.context_today
    )
    file_format = fields.Selection(
        [("xlsx", "Excel (XLSX)"), ("csv", "CSV")],
        string="Format",
        required=True,
        default="xlsx",
    )
    file = fields.Binary(readonly=True, attachment=False)
    file_name = fields.Char(readonly=True)

    def action_export(self):
        """Write the file and download it."""
        self.ensure_one()
        content = _WRITERS[self.file_format](
            list(self._prepare_rows()),
            self.env["iaas.price.dimension"]._get_order(),
        )
        stem = (self.version_id.name or f"prices-{self.day}").replace("/", "-")
        self.write(
            {
                "file": base64.b64encode(content),
                "file_name": f"{stem}.{self.file_format}",
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/file/{self.file_name}"
            "?download=true",
            "target": "download",
        }

    def _get_prices(self):
        version = self.version_id
        products = self.env["product.product"].search([("is_iaas", "=", True)])
        if version:
            current = version._get_predecessors(products)
            for price in version.ended_price_ids:
                current.pop(price._get_scope(), None)
            current |= {price._get_scope(): price for price in version.price_ids}
            found = version.price_ids.union(*current.values())
            found = found.filtered(lambda price: price in current.values())
        else:
            prices = self.env["iaas.price"].with_company(self.company_id)
            found = prices.union(*prices._find_in_force(products, self.day).values())
        by_product = found.grouped("product_id")
        return [
            price
            for product in products
            for price in by_product.get(product, found.browse()).sorted(
                lambda price: price.dimension_key or ""
            )
        ]

    def _prepare_rows(self):
        for price in self._get_prices():
            values = {
                name: price[name]
                for name in PRICING_FIELDS
                if (price[name] or name in PRICED_BY.get(price.charge_model, ())[:1])
                and (name != "block_policy" or price.charge_model == "block")
            }
            if price.date_end:
                values["date_end"] = price.date_end
            product = price.product_id
            subject = {
                "product": product.default_code or product.name,
                **{
                    dimension_column(name): value
                    for name, value in price._get_dimensions().items()
                },
            }
            row = {
                **subject,
                "name": product.name,
                "unit": price.uom_id.name,
                **values,
            }
            tiers = price.tier_ids if price._is_tiered() else []
            for tier in tiers:
                yield {**row, **self._prepare_tier(tier)}
                row = {**subject, "charge_model": price.charge_model}
            if not tiers:
                yield row

    def _prepare_tier(self, tier):
        names = (
            "up_to",
            "unit_price",
            "flat_fee",
            "rate_percent",
            "block_size",
            "max_blocks",
        )
        values = {f"tier_{name}": tier[name] for name in names if tier[name]}
        # What is free says so, and a tier of zeros must still be a row of its own.
        if not (tier.unit_price or tier.flat_fee or tier.rate_percent):
            values["tier_unit_price"] = tier.unit_price
        return values
