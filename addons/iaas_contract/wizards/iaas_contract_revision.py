from odoo import Command, api, fields, models
from odoo.exceptions import AccessError

from ..fields import Decimal
from ..pricing import round_half_up
from ..pricing.numbers import exact

# What scales with the price level, so that every amount changes by the percentage.
PRICE_AMOUNTS = (
    "unit_price",
    "package_price",
    "rate_percent",
    "fixed_per_event",
    "min_per_event",
    "max_per_event",
    "min_amount",
    "max_amount",
)
TIER_AMOUNTS = ("unit_price", "flat_fee", "rate_percent")
DISCOUNT_DIGITS = 4


class IaasContractRevision(models.TransientModel):
    """Raise what a customer pays by a percentage for the next term: discounts become
    smaller and own prices higher, as seen before anything is written."""

    _name = "iaas.contract.revision"
    _description = "Price Revision of a Renewal"
    _inherit = ["iaas.decimal.mixin"]

    contract_id = fields.Many2one(
        "iaas.contract", string="Renewal", required=True, readonly=True
    )
    uplift = Decimal(
        string="Raise Prices By (%)",
        required=True,
        compute="_compute_uplift",
        store=True,
        readonly=False,
        precompute=True,
    )
    line_ids = fields.One2many(
        "iaas.contract.revision.line",
        "revision_id",
        compute="_compute_line_ids",
        store=True,
        precompute=True,
    )

    @api.depends("contract_id")
    def _compute_uplift(self):
        for revision in self:
            tier = revision.contract_id.partner_id.iaas_tier_id
            revision.uplift = tier.renewal_uplift

    @api.depends("contract_id", "uplift")
    def _compute_line_ids(self):
        for revision in self:
            revision.line_ids = [
                Command.clear(),
                *map(Command.create, revision._prepare_lines()),
            ]

    def _get_factor(self):
        with exact():
            return 1 + self.uplift / 100

    def _prepare_lines(self):
        """What the percentage makes of each discount and own price of the old term."""
        self.ensure_one()
        factor = self._get_factor()
        for line in self.contract_id.line_ids.filtered(lambda li: not li.is_trial):
            old = self._get_old_discount(line)
            with exact():
                new = round_half_up(100 - (100 - old) * factor, DISCOUNT_DIGITS)
            yield {
                "name": self._get_line_name(line),
                "contract_line_id": line.id,
                "old_discount": old,
                "new_discount": min(max(new, 0), 100),
                "is_capped": new < 0,
            }
        for price in self._get_old_prices():
            with exact():
                new = price.unit_price * factor
            yield {
                "name": price.product_id.display_name,
                "price_id": price.id,
                "old_price": price.unit_price,
                "new_price": new,
            }

    def _get_line_name(self, line):
        name = (line.product_id or line.categ_id).display_name
        if not line.min_spend:
            return name
        return self.env._(
            "%(service)s from a spend of %(spend)s",
            service=name,
            spend=f"{line.min_spend.normalize():f}",
        )

    def _get_old_discount(self, line):
        """The discount of the old term, so that a second try does not add up."""
        old = self.contract_id.renewal_of_id
        same = old.line_ids.filtered(
            lambda before: (
                before.product_id == line.product_id
                and before.categ_id == line.categ_id
                and before.min_spend == line.min_spend
                and before._is_valid_on(old.date_end)
            )
        )
        return (same[:1] or line).discount

    def _get_old_prices(self):
        old = self.contract_id.renewal_of_id
        return old.price_ids.filtered(lambda price: price._is_valid_on(old.date_end))

    def action_apply(self):
        """Write the proposed discounts and own prices on the renewal."""
        self.ensure_one()
        renewal = self.contract_id
        renewal.check_access("write")
        renewal._check_state({"draft"}, self.env._("revised"))
        prices = self._get_old_prices()
        if prices and self.uplift < 0 and not prices.has_access("write"):
            raise AccessError(
                self.env._(
                    "Own prices are lowered by those who set prices: ask a sales or "
                    "operations manager."
                )
            )
        for line in self.line_ids.filtered("contract_line_id"):
            line.contract_line_id.discount = line.new_discount
        self._apply_prices(prices.sudo())
        renewal.message_post(
            body=self.env._(
                "Prices revised by %(percent)s %%: %(lines)s",
                percent=f"{self.uplift.normalize():f}",
                lines="; ".join(self.line_ids.mapped("change")),
            )
        )
        return {"type": "ir.actions.act_window_close"}

    def _apply_prices(self, prices):
        renewal = self.contract_id.sudo()
        products = prices.product_id
        renewal.price_ids.filtered(lambda p: p.product_id in products).unlink()
        factor = self._get_factor()
        for price in renewal.renewal_of_id._copy_prices(renewal, products):
            with exact():
                price.write(
                    {name: price[name] * factor for name in PRICE_AMOUNTS}
                    | {
                        "tier_ids": [
                            Command.update(
                                tier.id,
                                {name: tier[name] * factor for name in TIER_AMOUNTS},
                            )
                            for tier in price.tier_ids
                        ]
                    }
                )
