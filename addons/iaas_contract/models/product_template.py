from odoo import api, fields, models
from odoo.exceptions import UserError


class ProductTemplate(models.Model):
    _inherit = "product.template"

    is_iaas = fields.Boolean(
        string="IaaS Service",
        help="Priced by IaaS prices, ordered under a framework contract and settled "
        "by statements.",
    )
    iaas_charge_kind = fields.Selection(
        [
            ("one_time", "Once, when ordered"),
            ("recurring", "Every month"),
            ("usage", "By metered usage"),
        ],
        string="Charged",
        default="recurring",
    )
    iaas_resource_policy = fields.Selection(
        [
            ("per_unit", "One resource per unit ordered"),
            ("per_line", "One resource that carries the quantity"),
        ],
        string="Resources",
        default="per_unit",
        help="What the confirmation of an order creates.",
    )
    iaas_price_count = fields.Integer(
        string="Number of Prices", compute="_compute_iaas_price_count"
    )

    iaas_current_price = fields.Text(
        string="List Price Today", compute="_compute_iaas_current_price"
    )

    _iaas_is_service = models.Constraint(
        "CHECK (is_iaas IS NOT TRUE OR type = 'service')",
        "An IaaS product must be of the type Service.",
    )
    _iaas_is_complete = models.Constraint(
        "CHECK (is_iaas IS NOT TRUE OR "
        "num_nonnulls(iaas_charge_kind, iaas_resource_policy) = 2)",
        "An IaaS product needs to say how it is charged and which resources it makes.",
    )

    @api.depends("product_variant_ids.iaas_price_count")
    def _compute_iaas_price_count(self):
        for template in self:
            template.iaas_price_count = sum(
                template.product_variant_ids.mapped("iaas_price_count")
            )

    @api.depends(
        "product_variant_ids.iaas_price_ids.summary",
        "product_variant_ids.iaas_price_ids.dimension_text",
    )
    @api.depends_context("company")
    def _compute_iaas_current_price(self):
        prices = self.env["iaas.price"]._find_in_force(
            self.product_variant_ids, fields.Date.context_today(self)
        )
        for template in self:
            template.iaas_current_price = "\n".join(
                price._describe_labelled()
                for variant in template.product_variant_ids
                for price in prices[variant]
            )

    @api.onchange("is_iaas")
    def _onchange_is_iaas(self):
        if self.is_iaas:
            self.type = "service"
            self.purchase_ok = False

    @api.model_create_multi
    def create(self, vals_list):
        self._set_iaas_type(vals_list)
        return super().create(vals_list)

    @api.model
    def _set_iaas_type(self, vals_list):
        """Without a type of its own an IaaS product is a service."""
        for vals in vals_list:
            if vals.get("is_iaas"):
                vals.setdefault("type", "service")

    def write(self, vals):
        self._check_iaas_kept(vals)
        return super().write(vals)

    def _check_iaas_kept(self, vals):
        """How a product is charged is not changed under what customers rent."""
        kept = {"is_iaas", "iaas_charge_kind", "iaas_resource_policy"} & vals.keys()
        changed = self.filtered(
            lambda template: any(template[name] != vals[name] for name in kept)
        )
        rented = changed and self.env["iaas.resource"].sudo().with_context(
            active_test=False
        ).search([("product_id", "in", changed.product_variant_ids.ids)], limit=1)
        if rented:
            raise UserError(
                self.env._(
                    "%(product)s is rented (%(resource)s), so whether and how it is "
                    "charged cannot be changed. Make a new product and move the "
                    "customers to it.",
                    product=rented.product_id.display_name,
                    resource=rented.display_name,
                )
            )

    def action_view_iaas_prices(self):
        """The prices of all variants."""
        return self.product_variant_ids.action_view_iaas_prices()
