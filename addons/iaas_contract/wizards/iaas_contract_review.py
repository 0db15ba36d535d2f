from collections import defaultdict
from decimal import Decimal as PythonDecimal
from typing import NamedTuple

from odoo import api, fields, models

from ..fields import Decimal
from ..pricing import dimension_key, parse_dimension_key

# How much later than agreed a customer pays, on average, before terms are proposed.
LATE_DAYS, VERY_LATE_DAYS = 10, 30
LIMIT_USE_PERCENT = 80
# They rate what events carry, not a quantity: there is no unit to compare.
MODELS_WITHOUT_UNIT = ("percentage", "graduated_percentage", "dynamic")


class Mix(NamedTuple):
    """How much of a service is expected, and in how many resources."""

    runs: PythonDecimal = PythonDecimal(0)
    quoted: PythonDecimal = PythonDecimal(0)
    number: PythonDecimal = PythonDecimal(0)

    def plus(self, runs=0, quoted=0, number=0):
        return Mix(self.runs + runs, self.quoted + quoted, self.number + number)


class IaasContractReview(models.TransientModel):
    """One sheet to decide from: what each service brings, how the customer pays, and
    whether we can deliver it."""

    _name = "iaas.contract.review"
    _description = "Contract Review Sheet"
    _inherit = ["iaas.decimal.mixin"]
    _rec_name = "contract_id"

    contract_id = fields.Many2one("iaas.contract", required=True, readonly=True)
    version_id = fields.Many2one("iaas.contract.version", readonly=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    partner_id = fields.Many2one(related="contract_id.partner_id", string="Customer")
    user_id = fields.Many2one(related="contract_id.user_id", string="Owner")
    company_currency_id = fields.Many2one(
        related="contract_id.company_id.currency_id", string="Company Currency"
    )
    line_ids = fields.One2many("iaas.contract.review.line", "review_id", readonly=True)
    breach_count = fields.Integer(readonly=True)
    revenue = Decimal(string="Expected per Month", readonly=True)
    margin_percent = Decimal(string="Margin (%)", readonly=True)
    has_cost = fields.Boolean(readonly=True)
    has_dimensions = fields.Boolean(readonly=True)
    receivable = fields.Monetary(currency_field="company_currency_id", readonly=True)
    overdue = fields.Monetary(currency_field="company_currency_id", readonly=True)
    invoiced = fields.Monetary(
        string="Invoiced in 12 Months",
        currency_field="company_currency_id",
        readonly=True,
    )
    late_count = fields.Integer(string="Late Payments", readonly=True)
    days_late = fields.Integer(string="Days Late on Average", readonly=True)
    dso = fields.Integer(
        string="Days Sales Outstanding",
        readonly=True,
        help="How many days of what was invoiced in 12 months are not paid.",
    )
    timing = fields.Char(string="Fees Are Due", readonly=True)
    credit_limit_amount = Decimal(string="Credit Limit", readonly=True)
    limit_use = fields.Integer(string="Limit Used (%)", readonly=True)
    proposal = fields.Text(readonly=True)
    needed = fields.Text(string="Approval Needed", readonly=True)
    changes = fields.Text(readonly=True)

    @api.model
    def _open(self, judged):
        """Make the sheet for a contract or an amendment and show it."""
        judged.check_access("read")
        review = self.create(self._prepare_values(judged))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Review Sheet: %(terms)s", terms=judged.display_name),
            "res_model": self._name,
            "res_id": review.id,
            "views": [(False, "form")],
        }

    @api.model
    def _get_unit_costs(self, products):
        """What a unit of each product costs us. Addons that know the cost fill this.

        :return: dict from product to a Decimal in the currency of its company
        """
        return {}

    @api.model
    def _get_capacity_notes(self, company, quoted):
        """Which services could not be delivered. Addons that know the capacity fill
        this.

        :param quoted: dict from product to the quantity that would come on top of what
            is sold already, 0 where nothing is quoted
        :return: dict from product to a text
        """
        return {}

    @api.model
    def _get_breaches(self, judged):
        """What is offered below its floor or its cost, one text per service."""
        return [row["note"] for row in self._product_rows(judged) if row["is_breach"]]

    @api.model
    def _prepare_values(self, judged):
        contract = judged._judged_contract()
        is_amendment = contract != judged
        rows = self._product_rows(judged)
        payer = judged.payer_id or contract.partner_id
        facts = payer._get_iaas_payment_facts(contract.company_id)
        limit = judged.credit_limit_amount
        facts["limit_use"] = (
            int(PythonDecimal(str(facts["receivable"])) * 100 / limit) if limit else 0
        )
        revenue = sum((row["revenue"] for row in rows), PythonDecimal(0))
        costed = [row for row in rows if row["unit_cost"]]
        base = sum((row["revenue"] for row in costed), PythonDecimal(0))
        cost = sum(
            (row["unit_cost"] * (row["quantity"] + row["quoted"]) for row in costed),
            PythonDecimal(0),
        )
        return {
            "contract_id": contract.id,
            "version_id": judged.id if is_amendment else False,
            "line_ids": [fields.Command.create(row) for row in rows],
            "breach_count": sum(row["is_breach"] for row in rows),
            "revenue": revenue,
            "has_cost": bool(costed),
            "has_dimensions": any(row["dimension_text"] for row in rows),
            "margin_percent": _percent(base - cost, base),
            "dso": _days_outstanding(facts),
            "timing": judged._timing_text(),
            "credit_limit_amount": limit,
            "proposal": "\n".join(self._propose(contract, facts)),
            "needed": "\n".join(
                judged._approval_rules().mapped("name")
                or [self.env._("None: standard terms.")]
            ),
            "changes": judged.changes if is_amendment else False,
            **facts,
        }

    @api.model
    def _propose(self, contract, facts):
        """Safer terms for a customer that pays late, one text each."""
        if facts["days_late"] > VERY_LATE_DAYS:
            yield self.env._(
                "Prepaid: invoices were paid %(days)s days late on average.",
                days=facts["days_late"],
            )
        elif facts["days_late"] > LATE_DAYS:
            if contract.cycle == "month":
                yield self.env._(
                    "A deposit: invoices were paid %(days)s days late on average.",
                    days=facts["days_late"],
                )
            else:
                yield self.env._(
                    "Monthly settlement: invoices were paid %(days)s days late on "
                    "average.",
                    days=facts["days_late"],
                )
        if facts["limit_use"] > LIMIT_USE_PERCENT:
            yield self.env._(
                "A deposit: %(percent)s %% of the credit limit are used.",
                percent=facts["limit_use"],
            )

    @api.model
    def _product_rows(self, judged):
        """The values of one line for each service that the terms cover."""
        contract = judged._judged_contract().sudo()
        terms = judged.sudo()
        day = max(contract.date_start, contract._today())
        if terms != contract:
            day = max(day, terms.date_effective)
        mix = self._expected_mix(contract)
        products = self._covered_products(terms, mix)
        quoted = defaultdict(PythonDecimal)
        for (product, _key), share in mix.items():
            quoted[product] += share.quoted
        capacity = self._get_capacity_notes(
            contract.company_id, {product: quoted[product] for product in products}
        )
        costs = self._get_unit_costs(products)
        labels = self.env["iaas.price.dimension"]._get_labels()
        rows = []
        for (product, key), price in self._find_prices(terms, products, mix, day):
            # The deepest discount that the customer can reach is what we offer.
            offer = terms.line_ids._pick(product, day, reached=bool)
            share = mix.get((product, key), Mix())
            quantity = share.runs + share.quoted
            line = {
                "product_id": product.id,
                "dimension_text": ", ".join(
                    labels[pair] for pair in parse_dimension_key(key).items()
                ),
                "quantity": share.runs,
                "quoted": share.quoted,
                "list_unit": PythonDecimal(0),
                "net_unit": PythonDecimal(0),
                "discount": offer.discount,
                "floor_unit": self._in_currency(
                    product.iaas_floor_price, product.currency_id, contract, day
                ),
                "unit_cost": self._in_currency(
                    costs.get(product, PythonDecimal(0)),
                    contract.company_id.currency_id,
                    contract,
                    day,
                ),
                "revenue": PythonDecimal(0),
            }
            notes = list(self._catalogue_notes(product, day, terms.date_end))
            if offer.min_spend:
                notes.append(
                    self.env._(
                        "This discount from a spend of %(spend)s.",
                        spend=_short(offer.min_spend),
                    )
                )
            if offer.billing_timing and (offer._timing_text() != terms._timing_text()):
                notes.append(
                    self.env._("Fees are due: %(when)s.", when=offer._timing_text())
                )
            if product in capacity:
                notes.append(capacity[product])
            if price and price.charge_model not in MODELS_WITHOUT_UNIT:
                each = (
                    quantity / share.number
                    if share.number
                    else _typical_quantity(price)
                )
                line["list_unit"] = price.compute_amount(each) / each
                line["net_unit"] = line["list_unit"] * (100 - line["discount"]) / 100
                if product.iaas_charge_kind == "recurring":
                    line["revenue"] = line["net_unit"] * quantity
            elif not price:
                notes.append(self.env._("No price."))
            breaches = list(self._floor_notes(product, line)) if price else []
            rows.append(
                line
                | {
                    "margin_percent": _percent(
                        line["net_unit"] - line["unit_cost"], line["net_unit"]
                    )
                    if line["unit_cost"]
                    else PythonDecimal(0),
                    "note": " ".join(breaches + notes),
                    "is_breach": bool(breaches),
                    "is_warning": bool(notes),
                }
            )
        return rows

    @api.model
    def _in_currency(self, amount, currency, contract, day):
        if not amount or currency == contract.currency_id:
            return amount
        rate = self.env["res.currency"]._get_conversion_rate(
            currency, contract.currency_id, contract.company_id, day
        )
        return amount * PythonDecimal(str(rate))

    @api.model
    def _expected_mix(self, contract):
        """What the customer runs under the contract, or under the one that it renews,
        and what is quoted: ``Mix`` by (product, dimension key)."""
        today = contract._today()
        mix = defaultdict(Mix)
        lines = (
            self.env["sale.order.line"]
            .sudo()
            .search(
                [
                    ("order_id.iaas_contract_id", "=", contract.id),
                    ("order_id.state", "in", ("draft", "sent")),
                    ("product_id.is_iaas", "=", True),
                    ("product_uom_qty", ">", 0),
                ]
            )
        )
        for line in lines:
            product, quantity = line.product_id, line._iaas_quantity()
            number = quantity if product.iaas_resource_policy == "per_unit" else 1
            values = line.iaas_dimension_value_ids
            subject = product, dimension_key(values._to_dimensions())
            mix[subject] = mix[subject].plus(quoted=quantity, number=number)
        groups = (
            self.env["iaas.resource"]
            .sudo()
            ._read_group(
                [
                    ("contract_id", "in", (contract | contract.renewal_of_id).ids),
                    "|",
                    ("date_end", "=", False),
                    ("date_end", ">=", today),
                ],
                ["product_id", "dimension_key"],
                ["quantity:sum", "__count"],
            )
        )
        for product, key, total, number in groups:
            subject = product, key or ""
            mix[subject] = mix[subject].plus(
                runs=PythonDecimal(str(total)), number=number
            )
        return dict(mix)

    @api.model
    def _find_prices(self, terms, products, mix, day):
        """The price of each (product, dimension key) that runs, then those for
        dimensions that do not run yet; in an amendment those that it proposes."""
        contract = terms._judged_contract().sudo()
        prices = self.env["iaas.price"].sudo().with_company(contract.company_id)
        own = None if terms == contract else terms.price_ids
        running = {key: (key[0], parse_dimension_key(key[1])) for key in mix}
        found = prices._find_each(running, day, contract, own)
        in_force = prices._find_in_force(products, day, contract, own)
        for product in products:
            # Usage meets the prices that its events name, whatever its resource says.
            elsewhere = product.iaas_charge_kind == "usage" and in_force[product]
            used = [
                (key, price)
                for key, price in found.items()
                if key[0] == product and (price or not elsewhere)
            ]
            yield from used
            shown = prices.union(*(price for _key, price in used))
            for price in in_force[product] - shown:
                yield (product, price.dimension_key or ""), price
            if not used and not in_force[product]:
                yield (product, ""), prices.browse()

    @api.model
    def _covered_products(self, terms, mix):
        """What runs first, then what may be ordered."""
        running = self.env["product.product"].sudo().union(*(key[0] for key in mix))
        offered = terms.catalogue_id.product_ids or running.search(
            [
                ("is_iaas", "=", True),
                ("company_id", "in", (False, terms.company_id.id)),
            ]
        )
        return running.sorted("display_name") | offered

    @api.model
    def _catalogue_notes(self, product, day, last_day):
        """Why the service may not be delivered over the whole term."""
        if not (product.active and product.sale_ok) or (
            product.product_tmpl_id._get_iaas_lifecycle(day) in ("retiring", "ended")
        ):
            yield self.env._("Not on sale.")
        elif product.iaas_ended_date and (
            not last_day or product.iaas_ended_date < last_day
        ):
            yield self.env._(
                "Ends on %(day)s, within the term.", day=product.iaas_ended_date
            )
        elif product.iaas_retiring_date and (
            not last_day or product.iaas_retiring_date < last_day
        ):
            yield self.env._(
                "Takes its last order on %(day)s, within the term.",
                day=product.iaas_retiring_date,
            )

    @api.model
    def _floor_notes(self, product, line):
        if line["floor_unit"] and line["net_unit"] < line["floor_unit"]:
            yield self.env._(
                "%(product)s is offered at %(net)s, below its floor of %(floor)s.",
                product=product.display_name,
                net=_short(line["net_unit"]),
                floor=_short(line["floor_unit"]),
            )
        if line["unit_cost"] and line["net_unit"] < line["unit_cost"]:
            yield self.env._(
                "%(product)s is offered at %(net)s, below its cost of %(cost)s.",
                product=product.display_name,
                net=_short(line["net_unit"]),
                cost=_short(line["unit_cost"]),
            )


def _typical_quantity(price):
    """A quantity that is charged without a started package or block."""
    sizes = [price.package_size, *price.tier_ids[:1].mapped("block_size")]
    return next((size for size in sizes if size), PythonDecimal(1))


def _days_outstanding(facts):
    invoiced = facts["invoiced"]
    return int(facts["receivable"] * 365 / invoiced) if invoiced > 0 else 0


def _percent(part, whole):
    return part * 100 / whole if whole else PythonDecimal(0)


def _short(amount):
    return f"{round(amount, 6).normalize():f}"
