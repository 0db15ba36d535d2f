from decimal import Decimal as PythonDecimal

from odoo import api, fields, models

from ..fields import Decimal
from ..pricing import curve, even_events, rate, reach, tier_charges, volume_dips
from .iaas_price import PRICING_FIELDS

MAX_TRIAL_EVENTS = 1000


class IaasPrice(models.Model):
    """The calculator and the curve beside the price editor: nothing here is kept."""

    _inherit = "iaas.price"

    trial_quantity = Decimal(
        string="Try a Quantity",
        store=False,
        default=100,
        help="Shows what this price comes to, before tax.",
    )
    trial_events = fields.Integer(
        string="In Events",
        store=False,
        default=1,
        help="Over how many events of equal size the amount is spread.",
    )
    trial_discount = Decimal(
        string="Less Discount (%)",
        store=False,
        help="A contract's discount; maximum and minimum charge come after it.",
    )
    trial_result = fields.Char(string="Comes To", compute="_compute_trial_result")
    trial_average = fields.Char(string="Per Unit", compute="_compute_trial_result")
    trial_detail = fields.Text(string="Made Up Of", compute="_compute_trial_result")
    trial_others = fields.Text(
        string="Elsewhere",
        compute="_compute_trial_others",
        help="What the quantity comes to at the prices for other dimensions that hold "
        "when this price begins, or today if it holds already.",
    )
    curve = fields.Json(
        string="Amount by Quantity",
        compute="_compute_curve",
        help="What each quantity comes to. Where more units cost less, in red.",
    )

    @api.depends(
        *PRICING_FIELDS,
        "tier_ids",
        "trial_quantity",
        "trial_events",
        "trial_discount",
        "currency_id",
    )
    def _compute_trial_result(self):
        for price in self:
            price.trial_detail = price.trial_average = False
            try:
                pricing = price._to_pricing()
                amount = price._try_quantity(pricing, price.trial_quantity)
            except ValueError as error:
                reason = str(error)
                price.trial_result = reason[:1].upper() + reason[1:]
                continue
            price.trial_result = price._format_money(amount)
            if price.trial_quantity:
                average = round(amount / price.trial_quantity, 6)
                price.trial_average = price._format_money(average)
            price.trial_detail = price._describe_tier_charges(pricing)

    @api.depends(
        *PRICING_FIELDS,
        "tier_ids",
        "trial_quantity",
        "trial_events",
        "trial_discount",
        "product_id",
        "currency_id",
    )
    def _compute_curve(self):
        for price in self:
            price.curve = price._get_curve()

    @api.depends(
        "trial_quantity",
        "trial_events",
        "trial_discount",
        "product_id",
        "contract_id",
        "dimension_value_ids",
        "date_start",
    )
    def _compute_trial_others(self):
        for price in self:
            lines = []
            for other in price._get_others():
                other.trial_quantity = price.trial_quantity
                other.trial_events = price.trial_events
                other.trial_discount = price.trial_discount
                label = other.dimension_text or self.env._("Any other")
                lines.append(f"{label}: {other.trial_result}")
            price.trial_others = "\n".join(lines)

    def _get_others(self):
        """The prices of the same service for other dimensions, not stored."""
        if not self.product_id:
            return self.browse()
        day = max(
            self.date_start or fields.Date.context_today(self),
            fields.Date.context_today(self),
        )
        prices = self.with_company(self.company_id)
        product = self.product_id._origin
        found = prices._find_in_force(product, day, self.contract_id._origin or None)
        others = found[product].filtered(
            lambda other: (
                other.dimension_value_ids != self.dimension_value_ids._origin
                and other.currency_id == self.currency_id
            )
        )
        return self.browse().concat(*(self.new(origin=other) for other in others))

    def _get_curve(self):
        """The points of the curve as exact texts, or the reason why there is none."""
        self.ensure_one()
        try:
            pricing = self._to_pricing()
            up_to = self._get_curve_range(pricing)
            points = curve(
                pricing,
                up_to,
                events=self._get_trial_events(),
                discount_percent=self.trial_discount,
            )
            trial = self._try_quantity(pricing, self.trial_quantity)
        except ValueError as error:
            return {"error": str(error)}
        return {
            "points": [[f"{x:f}", f"{y:f}"] for x, y in points],
            "trial": [f"{self.trial_quantity:f}", f"{trial:f}"],
            "dips": [
                f"{bound + pricing.free_units:f}"
                for bound, _at, _above in volume_dips(pricing)
            ],
            "unit": self.uom_id.name or "",
        }

    def _get_curve_range(self, pricing):
        """Far enough to show the trial quantity and the pace of the last tier."""
        furthest = max(reach(pricing), self.trial_quantity)
        return furthest * PythonDecimal("1.25") or 100

    def _try_quantity(self, pricing, quantity):
        return rate(
            pricing,
            quantity,
            even_events(quantity, self._get_trial_events()),
            discount_percent=self.trial_discount,
        )

    def _get_trial_events(self):
        if self.charge_model != "percentage":
            return 0
        if not 0 < self.trial_events <= MAX_TRIAL_EVENTS:
            raise ValueError(
                self.env._("try from 1 to %(most)s events", most=MAX_TRIAL_EVENTS)
            )
        return self.trial_events

    def _describe_tier_charges(self, pricing):
        """What each tier entered contributes, before discount and limits."""
        lines = []
        for charge in tier_charges(pricing, self.trial_quantity):
            values = {
                "units": self._format_number(charge.blocks or charge.units),
                "amount": self._format_money(charge.amount),
                "price": self._format_money(charge.tier.unit_price),
                "rate": self._format_number(charge.tier.rate_percent),
                "fee": self._format_money(charge.tier.flat_fee),
            }
            if self.charge_model == "graduated_percentage":
                words = self.env._("%(units)s at %(rate)s %%", **values)
            elif self.charge_model == "block":
                words = self.env._("%(units)s blocks at %(price)s", **values)
            else:
                words = self.env._("%(units)s at %(price)s", **values)
            if charge.tier.flat_fee:
                words = self.env._("%(words)s plus %(fee)s", words=words, **values)
            lines.append(self.env._("%(words)s: %(amount)s", words=words, **values))
        return "\n".join(lines)
