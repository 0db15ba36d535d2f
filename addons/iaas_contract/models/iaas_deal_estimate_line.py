from decimal import ROUND_CEILING
from decimal import Decimal as PythonDecimal

from odoo import api, fields, models

from ..fields import Decimal

CENT = PythonDecimal("0.01")
MILLIONTH = PythonDecimal("0.000001")


class IaasDealEstimateLine(models.Model):
    _name = "iaas.deal.estimate.line"
    _description = "Estimated Service"
    _inherit = ["iaas.dimension.mixin", "iaas.decimal.mixin"]
    _rec_name = "product_id"
    _order = "estimate_id, sequence, id"

    estimate_id = fields.Many2one(
        "iaas.deal.estimate", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="estimate_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="estimate_id.currency_id")
    sequence = fields.Integer(default=10)
    product_id = fields.Many2one(
        "product.product",
        string="Service",
        required=True,
        ondelete="restrict",
        domain="[('is_iaas', '=', True)]",
    )
    dimension_value_ids = fields.Many2many(
        help="Where and as what the service shall run: the price is that for these. "
        "Empty: that for any.",
    )
    charge_kind = fields.Selection(related="product_id.iaas_charge_kind")
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    quantity = Decimal(
        required=True,
        default=1,
        help="Per month; once where the service is charged once.",
    )
    list_amount = Decimal(
        string="List Price",
        compute="_compute_list_amount",
        store=True,
        help="For the quantity, per month or once.",
    )
    issue = fields.Char(compute="_compute_list_amount", store=True)
    discount = Decimal(
        string="Discount (%)",
        compute="_compute_discount",
        store=True,
        readonly=False,
        precompute=True,
    )
    revenue = Decimal(compute="_compute_amounts", store=True)
    unit_cost = Decimal(
        string="Unit Cost",
        compute="_compute_unit_cost",
        store=True,
        readonly=False,
        precompute=True,
        help="Per unit and month, or once. 0 where nothing is known about it.",
    )
    cost = Decimal(compute="_compute_amounts", store=True)
    list_term = Decimal(string="List, Term", compute="_compute_amounts", store=True)
    revenue_term = Decimal(
        string="Revenue, Term", compute="_compute_amounts", store=True
    )
    cost_term = Decimal(string="Cost, Term", compute="_compute_amounts", store=True)
    margin_term = Decimal(string="Margin, Term", compute="_compute_amounts", store=True)
    margin_percent = fields.Float(
        string="Margin (%)",
        compute="_compute_amounts",
        store=True,
        aggregator="avg",
    )
    break_even_quantity = Decimal(
        string="Break-even Quantity",
        compute="_compute_break_even_quantity",
        help="The quantity of this service at which the whole deal, in the planned "
        "mix, pays its one-off cost.",
    )

    _quantity_positive = models.Constraint(
        "CHECK (quantity > 0)", "The quantity estimated must be above zero."
    )
    _discount_range = models.Constraint(
        "CHECK (discount BETWEEN 0 AND 100)",
        "A discount is a percentage from 0 to 100.",
    )
    _unit_cost_positive = models.Constraint(
        "CHECK (unit_cost >= 0)", "A unit cost cannot be negative."
    )

    @api.depends(
        "product_id",
        "quantity",
        "dimension_key",
        "estimate_id.date",
        "estimate_id.contract_id",
    )
    def _compute_list_amount(self):
        for line in self:
            estimate = line.estimate_id
            if not line.product_id or not estimate.date:
                line.list_amount = 0
                line.issue = False
                continue
            (amount,) = estimate._list_amounts(line, estimate.date)
            line.list_amount = amount or 0
            line.issue = (
                self.env._(
                    "no price on %(day)s tells what a quantity costs%(dimensions)s",
                    day=fields.Date.to_string(estimate.date),
                    dimensions=f" ({line.dimension_text})"
                    if line.dimension_text
                    else "",
                )
                if amount is None
                else False
            )

    @api.depends("product_id")
    def _compute_discount(self):
        """The contract's discount; what was typed stays where there is none."""
        for line in self:
            estimate = line.estimate_id
            agreed = estimate._agreed_discount(line.product_id, estimate.date)
            line.discount = agreed or line.discount

    @api.depends("product_id")
    def _compute_unit_cost(self):
        for line in self:
            estimate = line.estimate_id
            costs = estimate._unit_costs(line.product_id, estimate.date)
            line.unit_cost = costs.get(line.product_id, line.unit_cost)

    @api.depends(
        "list_amount",
        "discount",
        "quantity",
        "unit_cost",
        "charge_kind",
        "estimate_id.months",
    )
    def _compute_amounts(self):
        for line in self:
            times = 1 if line.charge_kind == "one_time" else line.estimate_id.months
            revenue = line.list_amount * (100 - line.discount) / 100
            cost = line.unit_cost * line.quantity
            line.revenue = revenue
            line.cost = cost
            line.list_term = line.list_amount * times
            line.revenue_term = revenue * times
            line.cost_term = cost * times
            line.margin_term = (revenue - cost) * times
            line.margin_percent = (
                float(100 * (revenue - cost) / revenue) if revenue else 0
            )

    @api.depends("quantity", "estimate_id.upfront_cost", "estimate_id.margin_total")
    def _compute_break_even_quantity(self):
        for line in self:
            estimate = line.estimate_id
            contribution = estimate.margin_total + estimate.upfront_cost
            quantity = (
                line.quantity * estimate.upfront_cost / contribution
                if contribution > 0
                else PythonDecimal(0)
            )
            # Rounded up: a little less would not pay the cost.
            line.break_even_quantity = quantity.quantize(MILLIONTH).quantize(
                CENT, rounding=ROUND_CEILING
            )
