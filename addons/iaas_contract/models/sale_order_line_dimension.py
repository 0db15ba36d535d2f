from odoo import api, fields, models


class SaleOrderLine(models.Model):
    """In which region, as which instance family a line is ordered, and the price for
    that."""

    _inherit = "sale.order.line"

    iaas_dimension_value_ids = fields.Many2many(
        "iaas.price.dimension.value",
        string="Dimensions",
        ondelete="restrict",
        help="Where and as what the service shall run, e.g. its region. The price is "
        "that for these.",
    )

    @api.constrains("iaas_dimension_value_ids")
    def _check_iaas_dimension_value_ids(self):
        for line in self:
            line.iaas_dimension_value_ids._check_one_each(line)

    @api.onchange("iaas_dimension_value_ids")
    def _onchange_iaas_dimension_value_ids(self):
        if self.product_id.is_iaas and self.product_id.iaas_charge_kind == "usage":
            self._compute_name()

    def _iaas_changes_dimensions(self, vals):
        """Whether the values would change the dimensions of the line."""
        self.ensure_one()
        name = "iaas_dimension_value_ids"
        if name not in vals:
            return False
        changed = self._fields[name].convert_to_cache(vals[name], self)
        return set(changed) != set(self[name].ids)

    def _iaas_usage_prices(self):
        """The prices that usage of the line may meet, for whatever dimensions its
        events name beside those of the line."""
        self.ensure_one()
        order = self.order_id
        prices = self.env["iaas.price"].sudo().with_company(order.company_id)
        day, contract = order._iaas_service_day(), order.iaas_contract_id.sudo()
        own = self.iaas_dimension_value_ids._to_dimensions()
        product = self.product_id
        in_force = prices._find_in_force(product, day, contract)[product]
        wanted = {
            price: (product, {**price._get_dimensions(), **own}) for price in in_force
        }
        found = prices._find_each(wanted, day, contract)
        return in_force.filtered(lambda price: found[price] == price)

    def _iaas_dimension_obstacle(self, day):
        """Why the service cannot be ordered for these dimensions; else empty."""
        self.ensure_one()
        chosen = self.iaas_dimension_value_ids
        offered = self.product_id.iaas_dimension_value_ids
        metered = self.product_id.iaas_charge_kind == "usage"
        for dimension in offered.dimension_id:
            choice = offered.filtered(lambda v, d=dimension: v.dimension_id == d)
            value = chosen.filtered(lambda v, d=dimension: v.dimension_id == d)
            if value not in choice if value else not metered:
                return self.env._(
                    "choose %(dimension)s, one of %(values)s.",
                    dimension=dimension.name,
                    values=", ".join(choice.mapped("name")),
                )
        if self.iaas_price_id or (metered and self._iaas_usage_prices()):
            return ""
        words = ", ".join(chosen.mapped("display_name"))
        return self.env._(
            "no price is valid on %(day)s%(dimensions)s. Add one under Contracts, "
            "Prices.",
            day=fields.Date.to_string(day),
            dimensions=f" ({words})" if words else "",
        )
