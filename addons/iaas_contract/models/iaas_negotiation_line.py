from odoo import api, fields, models

from ..fields import Decimal


class IaasNegotiationLine(models.Model):
    """List, floor, target, competitor's and granted price of a product (R41)."""

    _name = "iaas.negotiation.line"
    _description = "Negotiated Product"
    _inherit = ["iaas.dimension.mixin", "iaas.decimal.mixin"]
    _rec_name = "product_id"
    _order = "negotiation_id, sequence, id"

    negotiation_id = fields.Many2one(
        "iaas.negotiation", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="negotiation_id.company_id", store=True, index=True
    )
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
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    quantity = Decimal(
        required=True,
        default=1,
        help="Per month; once where the service is charged once.",
    )
    list_amount = Decimal(string="List", compute="_compute_amounts")
    floor_amount = Decimal(
        string="Floor",
        compute="_compute_amounts",
        help="What the highest mandate leaves of the list price, and never less than "
        "the floor price of the service or its cost where it is known.",
    )
    target_discount = Decimal(
        string="Target Discount (%)",
        help="Where we want to end, to be kept to ourselves.",
    )
    target_amount = Decimal(string="Target", compute="_compute_amounts")
    competitor_amount = Decimal(
        string="Competitor",
        compute="_compute_amounts",
        help="The lowest price of a competitor in this deal.",
    )
    granted_discount = Decimal(
        string="Granted (%)",
        compute="_compute_amounts",
        help="The discount granted last in the log, else the contract's.",
    )
    granted_amount = Decimal(string="Offered", compute="_compute_amounts")
    is_below_floor = fields.Boolean(compute="_compute_amounts")

    _quantity_positive = models.Constraint(
        "CHECK (quantity > 0)", "The quantity negotiated must be above zero."
    )
    _target_range = models.Constraint(
        "CHECK (target_discount BETWEEN 0 AND 100)",
        "A discount is a percentage from 0 to 100.",
    )
    _service_uniq = models.UniqueIndex(
        "(negotiation_id, product_id, COALESCE(dimension_key, ''))",
        "The service is in this negotiation already, for the same region and so on.",
    )

    @api.depends(
        "product_id",
        "quantity",
        "target_discount",
        "dimension_key",
        "negotiation_id.date",
        "negotiation_id.lead_id",
        "negotiation_id.contract_id",
        "negotiation_id.move_ids.state",
    )
    def _compute_amounts(self):
        for line in self:
            pack = line.negotiation_id
            if not line.product_id or not pack.date:
                line.update(dict.fromkeys(self._amount_names(), 0))
                continue
            (amount,) = pack._list_amounts(line, pack.date)
            amount = amount or line.quantity * 0
            granted = line._granted_discount()
            floor = line._floor(amount)
            line.list_amount = amount
            line.floor_amount = floor
            line.target_amount = _less(amount, line.target_discount)
            line.competitor_amount = line.quantity * line._competitor_price()
            line.granted_discount = granted
            line.granted_amount = _less(amount, granted)
            line.is_below_floor = _less(amount, granted) < floor

    @api.model
    def _amount_names(self):
        return [
            name
            for name, field in self._fields.items()
            if field.compute == "_compute_amounts"
        ]

    def _floor(self, amount):
        """The least to take for the quantity that costs ``amount`` at list price."""
        self.ensure_one()
        pack, product = self.negotiation_id, self.product_id
        costs = pack._unit_costs(product, pack.date)
        return max(
            _less(amount, self._highest_discount()),
            self.quantity * costs.get(product, 0),
            self.quantity
            * pack._in_deal_currency(
                product.iaas_floor_price, product.iaas_floor_currency_id, pack.date
            ),
        )

    def _highest_discount(self):
        """The most that anybody may grant on the product, in percent."""
        self.ensure_one()
        pack = self.negotiation_id
        mandates = self.env["iaas.negotiation.mandate"]._find(
            "discount", self.product_id, pack.tier_id, pack.company_id
        )
        return max(mandates.mapped("max_discount"), default=0)

    def _granted_discount(self):
        """The discount granted last on the product or on the whole deal."""
        self.ensure_one()
        pack = self.negotiation_id
        granted = pack.move_ids.filtered(
            lambda move: (
                move.state == "granted"
                and move.direction == "give"
                and move.kind == "discount"
                and move.product_id in (self.product_id, move.product_id.browse())
            )
        ).sorted("decided_date")
        if granted:
            return granted[-1].discount
        return pack._agreed_discount(self.product_id, pack.date)

    def _competitor_price(self):
        """The lowest unit price that a competitor offers in the same deal: for the
        same region and so on, or for any."""
        self.ensure_one()
        pack = self.negotiation_id
        offers = (
            pack.lead_id.iaas_competitor_offer_ids
            | pack.contract_id.competitor_offer_ids
        )
        prices = offers.line_ids.filtered(
            lambda line: (
                line.product_id == self.product_id
                and line.dimension_key in ("", False, self.dimension_key)
            )
        )
        return min(prices.mapped("competitor_price"), default=0)


def _less(amount, percent):
    return amount * (100 - percent) / 100
