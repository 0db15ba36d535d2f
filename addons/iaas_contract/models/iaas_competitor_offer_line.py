from odoo import api, fields, models

from ..fields import Decimal


class IaasCompetitorOfferLine(models.Model):
    """What a competitor asks for one of our products (R44, R55)."""

    _name = "iaas.competitor.offer.line"
    _description = "Competitor Price"
    _inherit = ["iaas.dimension.mixin", "iaas.decimal.mixin"]
    _rec_name = "product_id"
    _order = "date desc, offer_id, id"

    offer_id = fields.Many2one(
        "iaas.competitor.offer", required=True, index=True, ondelete="cascade"
    )
    competitor_id = fields.Many2one(
        related="offer_id.competitor_id", store=True, index=True
    )
    customer_id = fields.Many2one(related="offer_id.customer_id", store=True)
    company_id = fields.Many2one(related="offer_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="offer_id.currency_id")
    date = fields.Date(related="offer_id.date", store=True)
    source = fields.Char(related="offer_id.source")
    outcome = fields.Selection(related="offer_id.outcome", store=True)
    product_id = fields.Many2one(
        "product.product",
        string="Service",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('is_iaas', '=', True)]",
    )
    categ_id = fields.Many2one(
        related="product_id.categ_id", string="Family", store=True
    )
    dimension_value_ids = fields.Many2many(
        help="Where and as what the service shall run: our price is that for these. "
        "Empty: that for any.",
    )
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    quantity = Decimal(required=True, default=1)
    competitor_price = Decimal(
        string="Their Price",
        required=True,
        aggregator="avg",
        help="Per unit of our product; per month where we charge by the month.",
    )
    our_price = Decimal(
        string="Our Price",
        aggregator="avg",
        compute="_compute_our_price",
        store=True,
        readonly=False,
        precompute=True,
        help="The price at this quantity less the contract's discount, unless another "
        "one was offered.",
    )
    our_amount = fields.Float(compute="_compute_amounts", store=True)
    competitor_amount = fields.Float(
        string="Their Amount", compute="_compute_amounts", store=True
    )
    gap_percent = fields.Float(
        string="Price Gap (%)",
        compute="_compute_amounts",
        store=True,
        aggregator="avg",
        help="How much dearer (+) or cheaper (−) we are.",
    )

    _quantity_positive = models.Constraint(
        "CHECK (quantity > 0)", "The quantity compared must be above zero."
    )
    _price_positive = models.Constraint(
        "CHECK (competitor_price >= 0 AND our_price >= 0)",
        "A price cannot be negative.",
    )
    _service_uniq = models.UniqueIndex(
        "(offer_id, product_id, COALESCE(dimension_key, ''))",
        "The service is compared in this offer already, for the same region and so on.",
    )

    @api.depends("product_id", "quantity", "dimension_key", "offer_id.date")
    def _compute_our_price(self):
        for line in self:
            offer = line.offer_id
            if not line.product_id or not line.quantity or not offer.date:
                line.our_price = 0
                continue
            (amount,) = offer._list_amounts(line, offer.date)
            rest = 100 - offer._agreed_discount(line.product_id, offer.date)
            line.our_price = (amount or 0) / line.quantity * rest / 100

    @api.depends("quantity", "our_price", "competitor_price")
    def _compute_amounts(self):
        for line in self:
            ours, theirs = line.our_price, line.competitor_price
            line.our_amount = float(line.quantity * ours)
            line.competitor_amount = float(line.quantity * theirs)
            line.gap_percent = float(100 * (ours - theirs) / theirs) if theirs else 0
