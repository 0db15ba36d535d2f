from datetime import timedelta
from decimal import Decimal as PythonDecimal

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..fields import Decimal
from ..pricing import TIERED_MODELS, Price, rate, volume_dips

# What the pure price reads; an empty maximum is 0 in the record and None there.
PRICING_FIELDS = (
    "charge_model",
    "unit_price",
    "package_size",
    "package_price",
    "free_units",
    "rate_percent",
    "fixed_per_event",
    "min_per_event",
    "max_per_event",
    "free_events",
    "free_amount",
    "flat_fee_at_zero",
    "block_policy",
    "min_amount",
    "max_amount",
)
_EMPTY_IS_OPEN = {"max_per_event", "max_amount"}
# Context value of ``iaas_tiers_pending`` while a price is written with its tiers. No
# client can send this very object, so no client can leave tiers unsound.
TIERS_PENDING = object()


class IaasPrice(models.Model):
    _name = "iaas.price"
    _description = "IaaS Price"
    _inherit = ["iaas.dimension.mixin", "iaas.decimal.mixin", "mail.thread"]
    _order = "product_id, contract_id, dimension_key, date_start desc, id desc"
    _rec_names_search = ["product_id", "contract_id"]
    _check_company_auto = True

    product_id = fields.Many2one(
        "product.product",
        string="Service",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
        domain="[('is_iaas', '=', True)]",
    )
    categ_id = fields.Many2one(
        related="product_id.categ_id", string="Family", store=True, index=True
    )
    charge_kind = fields.Selection(related="product_id.iaas_charge_kind")
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    contract_id = fields.Many2one(
        "iaas.contract",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        tracking=True,
        help="The framework contract this price was agreed in. Empty: list price. "
        "A contract's own price goes before the list price.",
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        index=True,
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
    )
    active = fields.Boolean(default=True)
    dimension_value_ids = fields.Many2many(
        tracking=True,
        help="What this price is for: usage and resources that have all of these. "
        "Empty: for any. Of the list prices that fit, the one with the most "
        "dimensions holds; a contract's own prices go before all list prices.",
    )
    date_start = fields.Date(
        string="Valid From",
        copy=False,
        tracking=True,
        help="First day. Empty: since ever.",
    )
    date_end = fields.Date(
        string="Valid Until",
        copy=False,
        tracking=True,
        help="Last day, included. Empty: until further notice.",
    )

    charge_model = fields.Selection(
        [
            ("standard", "Per unit"),
            ("package", "Per package"),
            ("graduated", "Graduated, tier by tier"),
            ("volume", "Volume, by the tier reached"),
            ("percentage", "Percentage of an amount"),
            ("graduated_percentage", "Graduated percentage"),
            ("dynamic", "Carried by the events"),
            ("block", "Blocks, whole once begun"),
        ],
        required=True,
        default="standard",
        tracking=True,
    )
    unit_price = Decimal(string="Unit Price", tracking=True)
    package_size = Decimal(string="Units per Package", tracking=True)
    package_price = Decimal(string="Price per Package", tracking=True)
    free_units = Decimal(
        string="Free Units",
        tracking=True,
        help="Units of each period that cost nothing.",
    )
    rate_percent = Decimal(string="Rate (%)", tracking=True)
    fixed_per_event = Decimal(string="Fixed Fee per Event", tracking=True)
    min_per_event = Decimal(string="Minimum per Event", tracking=True)
    max_per_event = Decimal(string="Maximum per Event", tracking=True)
    free_events = fields.Integer(
        tracking=True, help="First events of each period that cost nothing."
    )
    free_amount = Decimal(
        string="Free Amount",
        tracking=True,
        help="First part of the amount in each period that no rate is taken of.",
    )
    flat_fee_at_zero = fields.Boolean(
        string="Flat Fee without Usage",
        tracking=True,
        help="Charge the flat fee of the first tier also when nothing was used.",
    )
    block_policy = fields.Selection(
        [
            ("all_tiers", "Each tier prices its own blocks"),
            ("top_tier", "The tier reached prices all blocks"),
        ],
        default="all_tiers",
        required=True,
        tracking=True,
    )
    min_amount = Decimal(
        string="Minimum Charge",
        tracking=True,
        help="Charged at least, per resource and period, after the discount.",
    )
    max_amount = Decimal(
        string="Maximum Charge",
        tracking=True,
        help="Charged at most, per resource and period, after the discount.",
    )
    tier_ids = fields.One2many("iaas.price.tier", "price_id", string="Tiers", copy=True)

    summary = fields.Text(compute="_compute_summary")
    warning = fields.Text(compute="_compute_warning")

    _date_order = models.Constraint(
        "CHECK (date_end >= date_start)",
        "The last day of a price cannot be before its first day.",
    )
    _no_overlap = models.Constraint(
        "EXCLUDE USING gist (product_id WITH =, COALESCE(contract_id, 0) WITH =, "
        "(COALESCE(dimension_key, '')::text) WITH =, "
        "currency_id WITH =, company_id WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&) WHERE (active)",
        "Another price of this service, for the same dimensions, is already valid in "
        "this time. End it on the day before this one begins, or use its New Version "
        "button.",
    )

    # === COMPUTE ===

    @api.depends("contract_id")
    def _compute_company_id(self):
        for price in self:
            price.company_id = (
                price.contract_id.company_id or price.company_id or self.env.company
            )

    @api.depends("contract_id", "company_id")
    def _compute_currency_id(self):
        for price in self:
            price.currency_id = (
                price.contract_id.currency_id
                or price.currency_id
                or price.company_id.currency_id
            )

    @api.depends("product_id", "contract_id", "date_start", "dimension_text")
    def _compute_display_name(self):
        for price in self:
            scope = price.contract_id.name or self.env._("list price")
            parts = [price.product_id.display_name or self.env._("New price"), scope]
            if price.dimension_text:
                parts.append(price.dimension_text)
            if price.date_start:
                parts.append(fields.Date.to_string(price.date_start))
            price.display_name = ", ".join(parts)

    @api.depends(*PRICING_FIELDS, "tier_ids", "charge_kind", "uom_id", "currency_id")
    def _compute_summary(self):
        for price in self:
            price.summary = price._describe()

    @api.depends(*PRICING_FIELDS, "tier_ids")
    def _compute_warning(self):
        for price in self:
            try:
                dips = volume_dips(price._to_pricing())
            except ValueError:
                dips = []
            price.warning = "\n".join(
                self.env._(
                    "Past %(bound)s %(unit)s the whole charge falls from %(at)s to "
                    "%(above)s: using more costs less.",
                    bound=price._format_number(bound),
                    unit=price.uom_id.name or "",
                    at=price._format_money(at),
                    above=price._format_money(above),
                )
                for bound, at, above in dips
            )

    # === CONSTRAINTS ===

    @api.constrains(*PRICING_FIELDS, "tier_ids")
    def _check_sound(self):
        """Refuse a price that some quantity could not be rated by."""
        for price in self:
            try:
                price._to_pricing()
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "This price of %(product)s cannot be charged: %(reason)s.",
                        product=price.product_id.display_name,
                        reason=error,
                    )
                ) from error

    @api.constrains("contract_id", "currency_id", "company_id")
    def _check_currency(self):
        for price in self:
            contract = price.contract_id
            if contract and contract.currency_id != price.currency_id:
                raise ValidationError(
                    self.env._(
                        "The price of %(product)s is in %(currency)s, but contract "
                        "%(contract)s is settled in %(contract_currency)s.",
                        product=price.product_id.display_name,
                        currency=price.currency_id.name,
                        contract=contract.name,
                        contract_currency=contract.currency_id.name,
                    )
                )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        # A price that was just ended must be so in the database before its successor
        # meets the exclusion constraint.
        self.flush_model(["date_start", "date_end", "active", "dimension_key"])
        prices = super(IaasPrice, self._with_tiers_pending()).create(vals_list)
        prices._check_contract_amendable()
        return prices.with_env(self.env)

    def write(self, vals):
        self._check_contract_amendable()
        result = super(IaasPrice, self._with_tiers_pending()).write(vals)
        if "contract_id" in vals:
            self._check_contract_amendable()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_amendable(self):
        self._check_contract_amendable()

    def _check_contract_amendable(self):
        """Refuse a change of what was agreed on in a contract."""
        self.contract_id._check_amendable()

    def _with_tiers_pending(self):
        """While tiers change one after the other their list may be unsound; it is
        checked once, when the whole price is there."""
        return self.with_context(iaas_tiers_pending=TIERS_PENDING)

    # === ACTIONS ===

    def action_new_version(self):
        """End this price with the month and open the copy that follows it."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        start = today + relativedelta(months=1, day=1)
        if self.date_end and self.date_end < today:
            raise UserError(
                self.env._(
                    "This price ended on %(day)s. Make the new version from the "
                    "price that is valid now.",
                    day=self.date_end,
                )
            )
        if self.date_start and self.date_start >= start:
            raise UserError(
                self.env._(
                    "This price begins only on %(day)s: change it directly.",
                    day=self.date_start,
                )
            )
        end = self.date_end
        if end and end < start:
            start, end = end + timedelta(days=1), False
        self.date_end = start - timedelta(days=1)
        version = self.copy({"date_start": start, "date_end": end})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": version.id,
            "views": [(False, "form")],
        }

    # === BUSINESS ===

    def compute_amount(self, quantity, events=None):
        """The exact charge for a quantity, before contract discount, rounding and tax.

        :param quantity: Decimal, int or text; a float counts as its shortest text
        :param events: amounts, or (time, amount) pairs, for the models that read them
        :rtype: decimal.Decimal
        """
        self.ensure_one()
        return rate(self._to_pricing(), _exact(quantity), map(_exact, events or ()))

    def _is_tiered(self):
        self.ensure_one()
        return self.charge_model in TIERED_MODELS

    def _to_pricing(self):
        """The pure price that rates quantities; a ValueError says what is unsound."""
        self.ensure_one()
        values = {name: self[name] for name in PRICING_FIELDS}
        for name in _EMPTY_IS_OPEN:
            values[name] = values[name] or None
        # In their order also where one was just added in between.
        tiers = self.tier_ids.sorted("sequence")
        return Price(**values, tiers=[tier._to_pricing() for tier in tiers])


def _exact(value):
    """Numbers of RPC calls arrive as floats: what was typed is their shortest text."""
    if isinstance(value, (tuple, list)):
        return (value[0], _exact(value[1]))
    return PythonDecimal(str(value)) if isinstance(value, float) else value
