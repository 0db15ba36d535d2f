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

    iaas_usage_price_ids = fields.Many2many(
        "iaas.price",
        string="Usage Prices",
        compute="_compute_iaas_usage_price_ids",
        compute_sudo=True,
        help="The prices that usage may meet, for whatever dimensions its events name "
        "beside those of the line.",
    )

    @api.depends(
        "product_id",
        "iaas_dimension_value_ids",
        "order_id.iaas_contract_id",
        "order_id.commitment_date",
    )
    def _compute_iaas_usage_price_ids(self):
        metered = self.filtered(
            lambda line: line.is_iaas and line.product_id.iaas_charge_kind == "usage"
        )
        (self - metered).iaas_usage_price_ids = False
        for order, lines in metered.grouped("order_id").items():
            wanted = {
                line: (line.product_id, line.iaas_dimension_value_ids._to_dimensions())
                for line in lines
            }
            prices = self.env["iaas.price"].with_company(order.company_id)
            found = prices._find_reachable(
                wanted, order._iaas_service_day(), order.iaas_contract_id
            )
            for line in lines:
                line.iaas_usage_price_ids = found[line]

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

    def _iaas_dimension_obstacle(self, day):
        """Why the service cannot be ordered for these dimensions; else empty."""
        self.ensure_one()
        chosen = self.iaas_dimension_value_ids._origin
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
        return self._iaas_price_obstacle(day)

    def _iaas_price_obstacle(self, day):
        """Why there is no price for the chosen dimensions; else empty."""
        self.ensure_one()
        chosen = self.iaas_dimension_value_ids
        metered = self.product_id.iaas_charge_kind == "usage"
        if self.iaas_price_id or (metered and self.iaas_usage_price_ids):
            return ""
        words = ", ".join(chosen.mapped("display_name"))
        return self.env._(
            "no price is valid on %(day)s%(dimensions)s. Add one under Contracts, "
            "Prices.",
            day=fields.Date.to_string(day),
            dimensions=f" ({words})" if words else "",
        )
