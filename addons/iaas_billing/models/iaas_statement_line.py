from functools import lru_cache

from babel.dates import format_date as format_babel_date

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date
from odoo.tools.misc import babel_locale_parse, get_lang

from odoo.addons.iaas_contract.fields import Decimal
from odoo.addons.iaas_contract.pricing import allocate, round_half_up, tier_charges
from odoo.addons.iaas_contract.pricing.numbers import exact

KEY = (
    "statement_id",
    "resource_id",
    "product_id",
    "meter_id",
    "segment_start",
    "dimension_key",
    "settles_line_id",
)


class IaasStatementLine(models.Model):
    """One resource, one product, one stretch of days at one price and discount."""

    _name = "iaas.statement.line"
    _description = "Statement Line"
    _inherit = ["iaas.decimal.mixin"]
    _order = "statement_id desc, family_id, resource_id, product_id, segment_start, id"
    _rec_name = "product_id"

    # Customers may not read products, but know what they rent by name.
    display_name = fields.Char(compute_sudo=True)
    statement_id = fields.Many2one(
        "iaas.statement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="statement_id.company_id", store=True)
    currency_id = fields.Many2one(related="statement_id.currency_id")
    contract_id = fields.Many2one(
        related="statement_id.contract_id", store=True, index=True
    )
    partner_id = fields.Many2one(related="statement_id.partner_id", store=True)
    date_to = fields.Date(
        string="Period End", related="statement_id.date_to", store=True
    )
    state = fields.Selection(related="statement_id.state")
    resource_id = fields.Many2one(
        "iaas.resource", readonly=True, index=True, ondelete="restrict"
    )
    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, ondelete="restrict"
    )
    family_id = fields.Many2one(
        "product.category",
        required=True,
        readonly=True,
        ondelete="restrict",
        help="The product family, which is one line of the invoice.",
    )
    meter_id = fields.Many2one("iaas.meter", readonly=True, ondelete="restrict")
    charge_kind = fields.Selection(
        selection=lambda self: (
            self.env["product.template"]
            ._fields["iaas_charge_kind"]
            ._description_selection(self.env)
            + [
                ("shortfall", self.env._("Commitment shortfall")),
                ("advance", self.env._("Billed in advance")),
            ]
        ),
        required=True,
        readonly=True,
    )
    quantity = Decimal(readonly=True)
    quantity_before = Decimal(
        string="Counted Before",
        readonly=True,
        help="What the resource used before in the period at the same price: tiers and "
        "free units go on from there.",
    )
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    price_id = fields.Many2one(
        "iaas.price", readonly=True, ondelete="restrict", index=True
    )
    dimension_key = fields.Char(
        readonly=True,
        default="",
        help="The dimensions that the price is for; empty for any.",
    )
    dimension_text = fields.Char(
        string="Dimensions", related="price_id.dimension_text", related_sudo=True
    )
    contract_line_id = fields.Many2one(
        "iaas.contract.line",
        string="Discount Line",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    is_trial = fields.Boolean(related="contract_line_id.is_trial", related_sudo=True)
    contract_version_id = fields.Many2one(
        "iaas.contract.version",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The terms that held on the first day of the segment.",
    )
    discount_percent = Decimal(string="Discount %", readonly=True)
    spend_band = Decimal(
        string="From Spend",
        readonly=True,
        help="The undiscounted spend of a period from which the discount holds.",
    )
    committed_amount = Decimal(
        string="Committed",
        readonly=True,
        help="What the customer committed to in the days of a shortfall.",
    )
    days = fields.Integer(
        readonly=True, help="Days charged of a recurring fee within its month."
    )
    days_in_month = fields.Integer(
        readonly=True, help="Days of the whole contract month of a recurring fee."
    )
    list_amount = Decimal(
        readonly=True, help="Exact amount before the contract's discount."
    )
    amount_exact = Decimal(string="Exact Amount", readonly=True)
    amount = fields.Monetary(
        readonly=True,
        help="Rounded so that the lines of a family add up to their invoice line.",
    )
    segment_start = fields.Date(string="From", required=True, readonly=True)
    segment_end = fields.Date(
        string="To", required=True, readonly=True, help="Last day, included."
    )
    usage_hash = fields.Char(
        readonly=True,
        help="Fingerprint of the events of the resource and meter in the period: their "
        "number, identities and values.",
    )
    explanation = fields.Text(compute="_compute_explanation", compute_sudo=True)

    _segment_meter_unique = models.UniqueIndex(
        "(statement_id, COALESCE(resource_id, 0), product_id, COALESCE(meter_id, 0), "
        "segment_start, COALESCE(dimension_key, ''), COALESCE(settles_line_id, 0))",
        "A resource is charged once per product, meter, price segment and dimensions.",
    )
    _rented_at_a_price = models.Constraint(
        "CHECK (charge_kind = 'shortfall' "
        "OR resource_id IS NOT NULL AND price_id IS NOT NULL)",
        "A line charges a resource at a price, or the shortfall of a commitment.",
    )
    _segment_order = models.Constraint(
        "CHECK (segment_end >= segment_start)",
        "A segment ends on or after the day on which it starts.",
    )

    @api.depends_context("lang")
    @api.depends("price_id", "quantity", "discount_percent", "amount_exact", "amount")
    def _compute_explanation(self):
        # Many lines have the same price: it is read once.
        for price, lines in self.grouped("price_id").items():
            pricing = price and price._to_pricing()
            for line in lines:
                line.explanation = "\n".join(line._explain(pricing))

    def _explain(self, pricing):
        """The steps from the quantity to the amount, one text per step.

        :param pricing: the pure price of the line, if it has one
        """
        currency = self.currency_id.name
        if self.charge_kind == "shortfall":
            return self._explain_shortfall()
        steps = [
            self._explain_quantity(),
            self._explain_price(),
            self.price_id.summary,
            *self._explain_tiers(pricing),
        ]
        if self.charge_kind == "recurring":
            steps.append(
                self.env._(
                    "%(days)s of the %(month)s days of the contract month.",
                    days=self.days,
                    month=self.days_in_month,
                )
            )
        elif self.days_in_month:
            steps.append(
                self.env._(
                    "Charged for %(days)s of the %(all)s days of the period; the "
                    "others are a free trial, and this meter cannot be split at a day.",
                    days=self.days,
                    all=self.days_in_month,
                )
            )
        steps += self._explain_share()
        steps.append(
            self.env._(
                "List amount %(amount)s %(currency)s.",
                amount=_plain(self.list_amount),
                currency=currency,
            )
        )
        if self.is_trial:
            steps.append(
                self.env._(
                    "Free trial until %(day)s: nothing is charged.",
                    day=format_date(self.env, self.contract_line_id.date_end),
                )
            )
        elif self.discount_percent:
            steps.append(
                self.env._(
                    "Contract discount %(percent)s %%.",
                    percent=_plain(self.discount_percent),
                )
            )
        if self.spend_band:
            steps.append(
                self.env._(
                    "It holds because the undiscounted spend of the period reaches "
                    "%(spend)s %(currency)s.",
                    spend=_plain(self.spend_band),
                    currency=currency,
                )
            )
        steps.append(
            self.env._(
                "Exact amount %(exact)s %(currency)s, billed as %(amount)s.",
                exact=_plain(self.amount_exact),
                currency=currency,
                amount=self.currency_id.format(self.amount),
            )
        )
        return steps

    def _explain_share(self):
        """How much of the fee the line bills, where it is not all of it."""
        return []

    def _explain_shortfall(self):
        with exact():
            billed = self.committed_amount - self.amount_exact
        first, last = (
            format_date(self.env, day, date_format="medium")
            for day in (self.segment_start, self.segment_end)
        )
        return [
            self.env._(
                "Committed to %(committed)s %(currency)s from %(first)s to %(last)s.",
                committed=_plain(self.committed_amount),
                currency=self.currency_id.name,
                first=first,
                last=last,
            ),
            self.env._(
                "Billed in this time before tax: %(billed)s %(currency)s.",
                billed=_plain(billed),
                currency=self.currency_id.name,
            ),
            self.env._(
                "Missing %(exact)s %(currency)s, billed as %(amount)s.",
                exact=_plain(self.amount_exact),
                currency=self.currency_id.name,
                amount=self.currency_id.format(self.amount),
            ),
        ]

    def _explain_quantity(self):
        lang = get_lang(self.env).code
        first, last = (
            _medium_date(day, lang) for day in (self.segment_start, self.segment_end)
        )
        values = {
            "quantity": _plain(self._get_counted()),
            "unit": self.uom_id.name,
            "first": first,
            "last": last,
        }
        if not self.meter_id:
            return self.env._("%(quantity)s %(unit)s, %(first)s to %(last)s.", **values)
        values["meter"] = self.meter_id.name
        values["aggregation"] = dict(
            self.meter_id._fields["aggregation"]._description_selection(self.env)
        )[self.meter_id.aggregation]
        return self.env._(
            "%(quantity)s %(unit)s by meter %(meter)s (%(aggregation)s), "
            "%(first)s to %(last)s.",
            **values,
        )

    def _get_counted(self):
        """The quantity that the amount is made from."""
        return self.quantity

    def _explain_price(self):
        if self.meter_id and not self.meter_id._is_additive():
            return self.env._(
                "Price %(price)s, valid at the end of the period: this meter cannot be "
                "split at a price change.",
                price=self.price_id.display_name,
            )
        return self.env._("Price %(price)s.", price=self.price_id.display_name)

    # ------------------------------------------------------------------
    # Rated again
    # ------------------------------------------------------------------

    def _get_key(self):
        """What identifies the line within the statements, as ``_get_values_key``."""
        return self._get_values_key({name: self[name] for name in KEY})

    @api.model
    def _get_values_key(self, values):
        given = {name: values.get(name) for name in KEY}
        return tuple(getattr(value, "id", value) or "" for value in given.values())

    def _update(self, values):
        """Write those values that differ."""
        self.ensure_one()
        changed = {
            name: value
            for name, value in values.items()
            if self._fields[name].convert_to_write(self[name], self) != value
        }
        if changed:
            self.write(changed)

    # ------------------------------------------------------------------
    # Immutability
    # ------------------------------------------------------------------

    def _explain_tiers(self, pricing):
        """What each tier contributes before proration, adding up to the whole; less
        what the units counted before came to."""
        before = self.quantity_before
        with exact():
            quantity = before + self._get_counted()
        charges = tier_charges(pricing, quantity)
        digits = self.currency_id.decimal_places
        with exact():
            total = round_half_up(sum(charge.amount for charge in charges), digits)
        amounts = allocate(
            total, [round_half_up(charge.amount, digits) for charge in charges]
        )
        steps = [
            self.env._(
                "%(units)s %(unit)s in tier %(number)s: %(amount)s %(currency)s",
                units=_plain(charge.units),
                unit=self.uom_id.name,
                number=number,
                amount=f"{amount:f}",
                currency=self.currency_id.name,
            )
            for number, (charge, amount) in enumerate(
                zip(charges, amounts, strict=True), start=1
            )
        ]
        if before:
            steps.append(
                self.env._(
                    "Counted with the %(units)s %(unit)s before them in the period at "
                    "this price, which are charged by their own line.",
                    units=_plain(before),
                    unit=self.uom_id.name,
                )
            )
        return steps

    def write(self, vals):
        self._check_not_posted()
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_not_posted()
        return lines

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        self._check_not_posted()

    def _check_not_posted(self):
        for statement in self.statement_id:
            if statement.state in ("posted", "void"):
                raise UserError(
                    self.env._(
                        "Statement %(name)s is posted: its lines cannot be changed. "
                        "Correct it by a correction statement or void it.",
                        name=statement.name,
                    )
                )


def _plain(number):
    """The exact number without exponent or trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=512)
def _medium_date(day, lang):
    """The same days stand in most lines of a statement."""
    return format_babel_date(day, "medium", locale=babel_locale_parse(lang))
