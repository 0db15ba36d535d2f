import re
from decimal import Decimal, InvalidOperation
from itertools import islice, product
from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .sale_order_placing import Requested

# How many combinations of a service are tried for one that has a price, and how many
# lines of one service an order of the portal has room for.
MOST_COMBINATIONS = 100
MOST_LINES = 20
# Of the service's first line, then of the others: qty_7, qty_7_1, qty_7_2.
_QUANTITY = re.compile(r"qty_(\d{1,9})(?:_(\d{1,2}))?")


class Choice(NamedTuple):
    """What the customer may choose for a service: of one dimension these values."""

    dimension: Any
    values: Any
    is_required: bool


class SaleOrder(models.Model):
    """What the portal offers under a contract, and how it reads what was chosen."""

    _inherit = "sale.order"

    # === OFFER ===

    @api.model
    def _iaas_portal_offer(self, contract, form=None, day=None):
        """What may be ordered under the contract: a list of dicts, by family, one for
        each line of the form.

        ``price`` is the agreed price in words before the ``discount`` (percent), and
        ``net`` the price of a unit after it where all units cost the same, all for the
        chosen ``dimensions``; without a price for these, ``message`` says so.
        """
        self._iaas_portal_check(contract)
        contract, form = contract.sudo(), form or {}
        products = self._iaas_portal_products(contract, day)
        choices = self._iaas_portal_choices(products, contract, day)
        usual = self._iaas_portal_usual_values(choices, contract, day)
        rows = [
            (item, key, self._iaas_portal_chosen(choices[item], key, form, usual[item]))
            for item in products
            for key in self._iaas_portal_keys(item, form, choices[item])
        ]
        order = self._iaas_portal_draft(
            contract,
            [
                Requested(item, Decimal(1), [], tuple(values.ids))
                for item, _key, values in rows
            ],
            day,
        )
        offer = []
        for (item, key, values), line in zip(rows, order.order_line, strict=True):
            terms = line._iaas_portal_terms()
            if terms["message"] and (
                values == usual[item] or not line._iaas_lacks_price()
            ):
                continue
            offer.append(
                {
                    "product": item,
                    "family": item.categ_id,
                    "key": key,
                    "is_first": key == str(item.id),
                    "dimensions": [
                        {
                            "name": f"dim_{choice.dimension.id}_{key}",
                            "choice": choice,
                            "chosen": values & choice.values,
                        }
                        for choice in choices[item]
                    ],
                    **terms,
                }
            )
        return offer

    @api.model
    def _iaas_portal_quote(self, contract, product_id, value_ids):
        """Price, discount, net price and message of a service for these dimensions."""
        self._iaas_portal_check(contract)
        contract = contract.sudo()
        item = self._iaas_portal_products(contract).filtered(
            lambda p: p.id == product_id
        )
        offered = self.env["iaas.price.dimension.value"].sudo()
        for choice in self._iaas_portal_choices(item, contract)[item] if item else ():
            offered |= choice.values
        values = offered.filtered(lambda value: value.id in value_ids)
        if not item or len(values) != len(value_ids):
            raise UserError(self.env._("This cannot be ordered any more."))
        requested = [Requested(item, Decimal(1), [], tuple(values.ids))]
        return self._iaas_portal_draft(
            contract, requested, None
        ).order_line._iaas_portal_terms()

    @api.model
    def _iaas_portal_products(self, contract, day=None):
        domain = (
            Domain("is_iaas", "=", True)
            & Domain("sale_ok", "=", True)
            & Domain("company_id", "in", (False, contract.company_id.id))
        )
        catalogue = contract.catalogue_id
        if catalogue:
            version = catalogue._get_version(day or contract._today())
            domain &= Domain("id", "in", version.product_ids.ids)
        products = self.env["product.product"].sudo().search(domain)
        return products.sorted(lambda p: (p.categ_id.complete_name, p.name, p.id))

    # === DIMENSIONS ===

    @api.model
    def _iaas_portal_choices(self, products, contract, day=None):
        """``{product: [Choice]}``: where it is offered, and what its prices depend
        on."""
        prices = self.env["iaas.price"].sudo()
        in_force = prices._find_in_force(products, day or contract._today(), contract)
        choices = {}
        for item in products:
            offered = item.iaas_dimension_value_ids
            priced = in_force[item].dimension_value_ids
            metered = item.iaas_charge_kind == "usage"
            choices[item] = []
            for dimension in (offered | priced).dimension_id.sorted():
                named = offered.filtered(lambda v, d=dimension: v.dimension_id == d)
                other = priced.filtered(lambda v, d=dimension: v.dimension_id == d)
                choices[item].append(
                    Choice(
                        dimension,
                        (named or other).sorted(),
                        bool(named) and not metered,
                    )
                )
        return choices

    @api.model
    def _iaas_portal_usual_values(self, choices, contract, day=None):
        """``{product: values}`` that are proposed: the first that have a price."""
        none = self.env["iaas.price.dimension.value"].sudo()
        wanted = {}
        for item, own in choices.items():
            options = [
                # Where nothing says in which regions it is offered, any comes first.
                [*choice.values]
                if choice.dimension in item.iaas_dimension_value_ids.dimension_id
                else [none, *choice.values]
                for choice in own
            ]
            for combination in islice(product(*options), MOST_COMBINATIONS):
                values = none.union(*combination)
                wanted[item, values] = (item, values._to_dimensions())
        prices = self.env["iaas.price"].sudo()
        found = prices._find_each(wanted, day or contract._today(), contract)
        usual = {}
        for item, values in wanted:
            if item not in usual and found[item, values]:
                usual[item] = values
        for item, values in wanted:
            usual.setdefault(item, values)
        return usual

    @api.model
    def _iaas_portal_keys(self, item, form, choices):
        """How the lines of a service are called in the form: the first, those that
        were filled in, and the one that the customer asks for."""
        numbers = {0}
        for name in form:
            match = _QUANTITY.fullmatch(name)
            if match and int(match[1]) == item.id and match[2]:
                numbers.add(int(match[2]))
        if form.get("add") == str(item.id) and choices and len(numbers) < MOST_LINES:
            numbers.add(max(numbers) + 1)
        numbers = sorted(numbers)[:MOST_LINES]
        return [f"{item.id}_{number}" if number else str(item.id) for number in numbers]

    @api.model
    def _iaas_portal_chosen(self, choices, key, form, usual):
        """The values that the form has for a line, where it says none those usual."""
        chosen = self.env["iaas.price.dimension.value"].sudo()
        for choice in choices:
            text = form.get(f"dim_{choice.dimension.id}_{key}")
            if text is None:
                chosen |= usual & choice.values
            else:
                chosen |= choice.values.filtered(lambda v, t=text: str(v.id) == t)
        return chosen

    # === READING ===

    @api.model
    def _iaas_portal_read_form(self, contract, form):
        """``(requested, day, errors)`` of what the customer typed: the ``Requested``
        lines, the first day and what is wrong, in words."""
        self._iaas_portal_check(contract)
        contract = contract.sudo()
        errors, requested = [], []
        today, day = contract._today(), None
        try:
            day = fields.Date.to_date(form.get("service_date") or None)
        except ValueError:
            errors.append(self.env._("The first day is not a date."))
        if day and day < today:
            errors.append(
                self.env._(
                    "The first day cannot be before %(today)s.",
                    today=fields.Date.to_string(today),
                )
            )
        for name, text in form.items():
            match = _QUANTITY.fullmatch(name)
            if not match or not text.strip():
                continue
            try:
                line = self._iaas_portal_read_line(contract, match, text, form)
            except UserError as error:
                errors.append(str(error))
            else:
                if line.quantity:
                    requested.append(line)
        if not requested and not errors:
            errors.append(self.env._("Enter the quantity of at least one product."))
        return requested, day, errors

    @api.model
    def _iaas_portal_read_line(self, contract, match, text, form):
        try:
            item = self.sudo()._iaas_find_product(int(match[1]), contract.company_id)
        except UserError as error:
            raise UserError(
                self.env._("A product you chose does not exist any more.")
            ) from error
        try:
            quantity = Decimal(text.strip().replace(",", "."))
            if not quantity.is_finite():
                raise InvalidOperation
        except InvalidOperation as error:
            raise UserError(
                self.env._(
                    "%(product)s: %(text)s is not a number.",
                    product=item.name,
                    text=text,
                )
            ) from error
        key = match[0].removeprefix("qty_")
        values = self.env["iaas.price.dimension.value"].sudo()
        for choice in self._iaas_portal_choices(item, contract)[item]:
            wanted = form.get(f"dim_{choice.dimension.id}_{key}")
            value = choice.values.filtered(lambda v, t=wanted: str(v.id) == t)
            if wanted and not value:
                raise UserError(
                    self.env._(
                        "%(product)s: choose %(dimension)s, one of %(values)s.",
                        product=item.name,
                        dimension=choice.dimension.name,
                        values=", ".join(choice.values.mapped("name")),
                    )
                )
            values |= value
        return Requested(item, quantity, [], tuple(values.ids))


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _iaas_lacks_price(self):
        """Whether nothing but a price for the chosen dimensions is missing."""
        self.ensure_one()
        obstacle = self._iaas_obstacle()
        day = self.order_id._iaas_service_day()
        return bool(obstacle) and obstacle == self._iaas_price_obstacle(day)

    def _iaas_portal_obstacle(self):
        """Why this line cannot be called off, in the customer's words; else empty."""
        if not self._iaas_lacks_price():
            return self._iaas_obstacle()
        chosen = self.iaas_dimension_value_ids.mapped("display_name")
        return self.env._(
            "no price is agreed for%(dimensions)s on %(day)s. Choose another, or ask "
            "your account manager.",
            dimensions=" " + (", ".join(chosen) or self.env._("it")),
            day=fields.Date.to_string(self.order_id._iaas_service_day()),
        )

    def _iaas_portal_terms(self):
        """What the portal says of the line's price, in words."""
        self.ensure_one()
        message = self._iaas_portal_obstacle()
        if message:
            return {"price": "", "discount": "", "net": "", "message": message}
        prices, discount = self.iaas_price_id, self._iaas_discount()
        if self.product_id.iaas_charge_kind == "usage":
            prices = self.iaas_usage_price_ids
        net, price = "", prices[:1]
        if len(prices) == 1 and price.charge_model == "standard":
            net = price._describe_unit_price(price.unit_price * (100 - discount) / 100)
        # Of what was chosen the line says the dimensions already.
        single = len(prices) == 1 and self.iaas_dimension_value_ids
        return {
            "price": price.summary
            if single
            else "\n".join(each._describe_labelled() for each in prices),
            "discount": price._format_number(discount) if discount else "",
            "net": net,
            "message": "",
        }
