from odoo import models
from odoo.tools.misc import get_lang


class IaasPrice(models.Model):
    _inherit = "iaas.price"

    def _describe(self):
        """The price in words, one line per step, for people who do not read forms."""
        self.ensure_one()
        describe = getattr(self, f"_describe_{self.charge_model}")
        lines = [*describe(), *self._describe_limits()]
        return "\n".join(lines)

    def _describe_labelled(self):
        """The price in words, after the dimensions that it is for."""
        self.ensure_one()
        if not self.dimension_text:
            return self.summary
        if "\n" in self.summary:
            return f"{self.dimension_text}:\n{self.summary}"
        return self.env._(
            "%(dimensions)s: %(price)s",
            dimensions=self.dimension_text,
            price=self.summary,
        )

    def _describe_in_a_line(self):
        """The price in words on one line, after what it is for."""
        self.ensure_one()
        return self.env._(
            "%(dimensions)s: %(price)s",
            dimensions=self.dimension_text or self.env._("Elsewhere"),
            price=", ".join(self.summary.splitlines()),
        )

    def _describe_standard(self):
        return [
            *self._describe_free_units(),
            self._describe_unit_price(self.unit_price),
        ]

    def _describe_unit_price(self, unit_price):
        return self.env._(
            "%(price)s / %(unit)s",
            price=self._format_money(unit_price),
            unit=self._unit_words(),
        )

    def _describe_package(self):
        return [
            *self._describe_free_units(),
            self.env._(
                "%(price)s per package of %(size)s %(unit)s begun",
                price=self._format_money(self.package_price),
                size=self._format_number(self.package_size),
                unit=self._unit_words(),
            ),
        ]

    def _describe_graduated(self):
        return [*self._describe_free_units(), *self._describe_bounded_tiers()]

    def _describe_volume(self):
        return [
            *self._describe_free_units(),
            self.env._("All units at the price of the tier reached:"),
            *self._describe_bounded_tiers(),
        ]

    def _describe_graduated_percentage(self):
        return [*self._describe_free_amount(), *self._describe_bounded_tiers()]

    def _describe_percentage(self):
        lines = self._describe_free_amount()
        if self.free_events:
            lines.append(
                self.env._("First %(count)s events free", count=self.free_events)
            )
        rate = self.env._(
            "%(rate)s %% of the amount", rate=self._format_number(self.rate_percent)
        )
        if self.fixed_per_event:
            rate = self.env._(
                "%(rate)s plus %(fee)s per event",
                rate=rate,
                fee=self._format_money(self.fixed_per_event),
            )
        lines.append(rate)
        if self.min_per_event:
            lines.append(
                self.env._(
                    "At least %(amount)s per event",
                    amount=self._format_money(self.min_per_event),
                )
            )
        if self.max_per_event:
            lines.append(
                self.env._(
                    "At most %(amount)s per event",
                    amount=self._format_money(self.max_per_event),
                )
            )
        return lines

    def _describe_dynamic(self):
        return [self.env._("The amount that each usage event carries")]

    def _describe_block(self):
        lines = self._describe_free_units()
        if self.block_policy == "top_tier":
            lines.append(self.env._("All blocks at the price of the tier reached:"))
        for tier in self.tier_ids:
            if tier.max_blocks:
                words = self.env._(
                    "%(count)s blocks of %(size)s %(unit)s: %(price)s each",
                    count=tier.max_blocks,
                    size=self._format_number(tier.block_size),
                    unit=self._unit_words(),
                    price=self._format_money(tier.unit_price),
                )
            else:
                words = self.env._(
                    "then blocks of %(size)s %(unit)s: %(price)s each",
                    size=self._format_number(tier.block_size),
                    unit=self._unit_words(),
                    price=self._format_money(tier.unit_price),
                )
            lines.append(self._add_flat_fee(words, tier))
        return lines

    def _describe_free_units(self):
        if not self.free_units:
            return []
        return [
            self.env._(
                "First %(quantity)s %(unit)s free",
                quantity=self._format_number(self.free_units),
                unit=self._unit_words(),
            )
        ]

    def _describe_free_amount(self):
        if not self.free_amount:
            return []
        return [
            self.env._(
                "First %(amount)s free", amount=self._format_money(self.free_amount)
            )
        ]

    def _describe_bounded_tiers(self):
        of_amount = self.charge_model == "graduated_percentage"
        lines = []
        for tier, lower, upper in self._get_tier_bounds():
            if of_amount:
                words = self.env._(
                    "%(rate)s %% of the amount",
                    rate=self._format_number(tier.rate_percent),
                )
            else:
                words = self._describe_unit_price(tier.unit_price)
            lines.append(
                self.env._(
                    "%(range)s: %(price)s",
                    range=self._range_words(lower, upper),
                    price=self._add_flat_fee(words, tier),
                )
            )
        return lines

    def _get_tier_bounds(self):
        """The tiers with the quantities above which they begin and up to which they
        reach; an empty upper bound is no limit."""
        bounds, lower = [], None
        for tier in self.tier_ids:
            upper = tier.up_to
            if self.charge_model == "block":
                units = tier.max_blocks * tier.block_size
                upper = units and (lower or 0) + units
            bounds.append((tier, lower, upper))
            lower = upper
        return bounds

    def _describe_limits(self):
        lines = []
        if self.min_amount:
            lines.append(
                self.env._(
                    "At least %(amount)s per period",
                    amount=self._format_money(self.min_amount),
                )
            )
        if self.max_amount:
            lines.append(
                self.env._(
                    "At most %(amount)s per period",
                    amount=self._format_money(self.max_amount),
                )
            )
        return lines

    def _add_flat_fee(self, words, tier):
        if not tier.flat_fee:
            return words
        return self.env._(
            "%(words)s plus %(fee)s once",
            words=words,
            fee=self._format_money(tier.flat_fee),
        )

    def _range_words(self, lower, upper):
        if lower and upper:
            return self.env._(
                "Above %(lower)s up to %(upper)s",
                lower=self._format_number(lower),
                upper=self._format_number(upper),
            )
        if upper:
            return self.env._("Up to %(upper)s", upper=self._format_number(upper))
        if lower:
            return self.env._("Above %(lower)s", lower=self._format_number(lower))
        return self.env._("Any quantity")

    def _unit_words(self):
        unit = self.uom_id.name or self.env._("unit")
        if self.charge_kind == "recurring":
            return self.env._("%(unit)s / month", unit=unit)
        return unit

    def _format_money(self, amount):
        """The amount with all its digits, at least those of the currency."""
        symbol = self.currency_id.symbol or ""
        number = self._format_number(amount, self.currency_id.decimal_places or 0)
        if self.currency_id.position == "before":
            return f"{symbol}{number}"
        return f"{number} {symbol}".strip()

    def _format_number(self, number, digits=0):
        """The number in the user's language, with all its digits but no idle zeros."""
        language = self.env["res.lang"].browse(get_lang(self.env).id)
        whole, _point, fraction = f"{number:f}".partition(".")
        fraction = fraction.rstrip("0").ljust(digits, "0")
        text = language.format("%d", int(whole), grouping=True)
        return f"{text}{language.decimal_point}{fraction}" if fraction else text
