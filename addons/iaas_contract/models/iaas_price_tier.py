from odoo import api, fields, models

from ..fields import Decimal
from ..pricing import Tier
from .iaas_price import TIERS_PENDING


class IaasPriceTier(models.Model):
    _name = "iaas.price.tier"
    _description = "IaaS Price Tier"
    _inherit = ["iaas.decimal.mixin"]
    _order = "price_id, sequence, id"

    price_id = fields.Many2one(
        "iaas.price", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    up_to = Decimal(
        string="Up To",
        help="Last quantity inside the tier. Empty: no limit, on the last tier only.",
    )
    unit_price = Decimal(
        string="Unit Price", help="Price of a unit; of a whole block in a block price."
    )
    flat_fee = Decimal(
        string="Flat Fee", help="Charged once as soon as the tier is entered."
    )
    rate_percent = Decimal(string="Rate (%)")
    block_size = Decimal(string="Block Size")
    max_blocks = fields.Integer(
        string="Blocks",
        help="How many blocks the tier holds. Empty: no limit, on the last tier only.",
    )
    scope = fields.Char(
        string="Quantity",
        compute="_compute_scope",
        help="The quantities that the tier prices, after the free ones.",
    )

    @api.depends(
        "price_id.charge_model",
        "price_id.tier_ids.sequence",
        "price_id.tier_ids.up_to",
        "price_id.tier_ids.block_size",
        "price_id.tier_ids.max_blocks",
    )
    def _compute_scope(self):
        for price in self.price_id:
            for tier, lower, upper in price._get_tier_bounds():
                tier.scope = price._range_words(lower, upper)
        for tier in self - self.price_id.tier_ids:
            tier.scope = False

    @api.constrains(
        "price_id",
        "sequence",
        "up_to",
        "unit_price",
        "flat_fee",
        "rate_percent",
        "block_size",
        "max_blocks",
    )
    def _check_price(self):
        if not self._are_pending():
            self.price_id._check_sound()

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        tiers.price_id._check_changeable()
        tiers._follow(tiers.price_id)
        return tiers

    def write(self, vals):
        prices = self.price_id
        prices._check_changeable()
        result = super().write(vals)
        if "price_id" in vals:
            self.price_id._check_changeable()
        self._follow(prices | self.price_id)
        return result

    def unlink(self):
        prices = self.price_id
        prices._check_changeable()
        result = super().unlink()
        if not self._are_pending():
            prices._check_sound()
        self._follow(prices)
        return result

    # === BUSINESS ===

    def _are_pending(self):
        """Whether the price is being written as a whole, which is followed then."""
        return self.env.context.get("iaas_tiers_pending") is TIERS_PENDING

    def _follow(self, prices):
        """The tiers of own prices are terms of their contracts."""
        if not self._are_pending():
            prices.contract_id._follow_terms()

    def _to_pricing(self):
        """The pure tier, in which a missing bound is None."""
        self.ensure_one()
        return Tier(
            up_to=self.up_to or None,
            unit_price=self.unit_price,
            flat_fee=self.flat_fee,
            rate_percent=self.rate_percent,
            block_size=self.block_size,
            max_blocks=self.max_blocks or None,
        )
