from decimal import Decimal, InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from .iaas_contract import LIVE_STATES

# The contact roles whose people order for their company.
ORDER_ROLES = {"administrator", "decision_maker"}


class SaleOrder(models.Model):
    """Orders that the customer's own people place in the portal (R46).

    The methods check what the portal user may do, then act with all rights: nobody in
    the portal has rights on orders or prices as such.
    """

    _inherit = "sale.order"

    # === RIGHTS ===

    @api.model
    def _iaas_portal_may_order(self):
        """Whether the user orders for the company it belongs to."""
        # Roles are not for the portal to read; the user's own decide here.
        roles = self.env.user.partner_id.sudo().iaas_contact_role_ids
        return bool(ORDER_ROLES.intersection(roles.mapped("code")))

    @api.model
    def _iaas_portal_contracts(self):
        """The contracts under which the user may order; none without the right."""
        contracts = self.env["iaas.contract"]
        if not self._iaas_portal_may_order():
            return contracts
        return contracts.search(
            [
                ("partner_id", "=", self.env.user.commercial_partner_id.id),
                ("state", "in", LIVE_STATES),
            ]
        )

    @api.model
    def _iaas_portal_check(self, contract):
        """Refuse whoever may not order under the contract."""
        if not contract or contract not in self._iaas_portal_contracts():
            raise AccessError(
                self.env._(
                    "You cannot order under this contract. Orders are placed by an "
                    "administrator or decision maker of your company, under a "
                    "contract that is active."
                )
            )

    @api.model
    def _iaas_portal_waiting(self):
        """The orders of the user's company that wait for finance."""
        return self.sudo().search(
            [
                ("partner_id", "=", self.env.user.commercial_partner_id.id),
                ("iaas_credit_hold", "=", True),
                ("state", "in", ("draft", "sent")),
            ]
        )

    # === OFFER ===

    @api.model
    def _iaas_portal_offer(self, contract, day=None):
        """What may be ordered under the contract: a list of dicts, by family.

        ``price`` is the agreed price in words before the ``discount`` (percent), and
        ``net`` the price of a unit after it where all units cost the same.
        """
        self._iaas_portal_check(contract)
        contract = contract.sudo()
        products = self._iaas_portal_products(contract, day)
        requested = [(product, Decimal(1), []) for product in products]
        order = self._iaas_portal_draft(contract, requested, day)
        offer = []
        for line in order.order_line.filtered(lambda line: not line._iaas_obstacle()):
            prices, discount = line.iaas_price_id, line._iaas_discount()
            if line.product_id.iaas_charge_kind == "usage":
                prices = line.iaas_usage_price_ids
            net, price = "", prices[:1]
            if len(prices) == 1 and price.charge_model == "standard":
                net = price._describe_unit_price(
                    price.unit_price * (100 - discount) / 100
                )
            offer.append(
                {
                    "product": line.product_id,
                    "family": line.product_id.categ_id,
                    "price": "\n".join(p._describe_labelled() for p in prices),
                    "discount": discount and price._format_number(discount),
                    "net": net,
                }
            )
        return offer

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

    # === ORDER ===

    @api.model
    def _iaas_portal_read_form(self, contract, form):
        """``(requested, day, errors)`` of what the customer typed: wanted products as
        ``(product, quantity, [])``, the first day and what is wrong, in words."""
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
        for key, text in form.items():
            kind, _sep, product_id = key.partition("_")
            if kind != "qty" or not product_id.isdecimal() or not text.strip():
                continue
            try:
                product = self.sudo()._iaas_find_product(
                    int(product_id), contract.company_id
                )
                quantity = Decimal(text.strip().replace(",", "."))
                if not quantity.is_finite():
                    raise InvalidOperation
            except UserError:
                errors.append(
                    self.env._("A product you chose does not exist any more.")
                )
            except InvalidOperation:
                errors.append(
                    self.env._(
                        "%(product)s: %(text)s is not a number.",
                        product=product.name,
                        text=text,
                    )
                )
            else:
                if quantity:
                    requested.append((product, quantity, []))
        if not requested and not errors:
            errors.append(self.env._("Enter the quantity of at least one product."))
        return requested, day, errors

    @api.model
    def _iaas_portal_draft(self, contract, requested, day):
        """The order as it would be, in memory only."""
        values = self._iaas_prepare_placed(contract, requested, day)
        return self.sudo().with_company(contract.company_id).new(values)

    def _iaas_portal_obstacles(self, contract):
        """Why the drafted order cannot be placed, one reason per line."""
        self.ensure_one()
        sellable = self._iaas_portal_products(contract, self._iaas_service_day())
        reasons = []
        for line in self._iaas_lines():
            reason = line._iaas_obstacle()
            if not reason and line.product_id not in sellable:
                reason = self.env._("cannot be ordered.")
            if reason:
                reasons.append(
                    self.env._(
                        "%(product)s: %(reason)s",
                        product=line.product_id.name,
                        reason=reason,
                    )
                )
        return reasons

    @api.model
    def _iaas_portal_place(self, contract, requested, day, token, customer_ref=None):
        """Place the order once per token, as the API does; the owner hears of it."""
        self._iaas_portal_check(contract)
        contract = contract.sudo()
        reasons = self._iaas_portal_draft(
            contract, requested, day
        )._iaas_portal_obstacles(contract)
        if reasons:
            raise UserError("\n".join(reasons))
        # Of the contract: a token that another customer used is not found.
        reference = f"portal/{contract.id}/{token}"
        orders = self.sudo().with_company(contract.company_id)
        known = orders._iaas_find_placed(reference, contract.company_id)
        order = orders._iaas_place_once(
            reference, contract, requested, day, customer_ref
        )
        if not known:
            order.message_post(
                body=self.env._(
                    "Ordered in the portal by %(person)s.", person=self.env.user.name
                )
            )
            order.message_subscribe(self.env.user.partner_id.ids)
        return order
