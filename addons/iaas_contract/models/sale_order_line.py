from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from .iaas_contract import LIVE_STATES

# What one line may start: beyond it somebody mistyped, or means harm.
MOST_RESOURCES = 10_000
MOST_QUANTITY = 1_000_000_000_000


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    is_iaas = fields.Boolean(related="product_id.is_iaas", string="Is IaaS")
    iaas_price_id = fields.Many2one(
        "iaas.price",
        string="IaaS Price",
        compute="_compute_iaas_price_id",
        compute_sudo=True,
        help="The price that holds on the first day of service.",
    )
    iaas_resource_ids = fields.One2many(
        "iaas.resource", "sale_line_id", string="Cloud Resources"
    )

    # === COMPUTE ===

    @api.depends(
        "product_id",
        "iaas_dimension_value_ids",
        "order_id.iaas_contract_id",
        "order_id.commitment_date",
    )
    def _compute_iaas_price_id(self):
        iaas_lines = self.filtered("product_id.is_iaas")
        (self - iaas_lines).iaas_price_id = False
        for order, lines in iaas_lines.grouped("order_id").items():
            prices = self.env["iaas.price"].with_company(order.company_id)
            prices = prices._find_each(
                {
                    line: (
                        line.product_id,
                        line.iaas_dimension_value_ids._to_dimensions(),
                    )
                    for line in lines
                },
                order._iaas_service_day(),
                contract=order.iaas_contract_id,
            )
            for line in lines:
                line.iaas_price_id = prices[line]

    @api.depends("order_id.iaas_contract_id", "iaas_dimension_value_ids")
    def _compute_price_unit(self):
        """IaaS prices are the contract's, or without one the list's: never typed."""
        priced = self.filtered(lambda line: line.order_id and line.product_id.is_iaas)
        for line in priced:
            line.with_context(sale_write_from_compute=True)._reset_price_unit()
        return super(SaleOrderLine, self - priced)._compute_price_unit()

    @api.depends("order_id.iaas_contract_id")
    def _compute_discount(self):
        iaas_lines = self.filtered("product_id.is_iaas")
        for line in iaas_lines:
            line.discount = line._iaas_discount()
        return super(SaleOrderLine, self - iaas_lines)._compute_discount()

    def _compute_qty_to_invoice(self):
        """Statements settle IaaS lines; the order must not bill them again."""
        iaas_lines = self.filtered("product_id.is_iaas")
        iaas_lines.qty_to_invoice = 0
        return super(SaleOrderLine, self - iaas_lines)._compute_qty_to_invoice()

    def _compute_invoice_status(self):
        iaas_lines = self.filtered("product_id.is_iaas")
        iaas_lines.invoice_status = "no"
        return super(SaleOrderLine, self - iaas_lines)._compute_invoice_status()

    def _compute_untaxed_amount_to_invoice(self):
        iaas_lines = self.filtered("product_id.is_iaas")
        iaas_lines.untaxed_amount_to_invoice = 0
        return super(
            SaleOrderLine, self - iaas_lines
        )._compute_untaxed_amount_to_invoice()

    def _compute_amount_to_invoice(self):
        iaas_lines = self.filtered("product_id.is_iaas")
        iaas_lines.amount_to_invoice = 0
        return super(SaleOrderLine, self - iaas_lines)._compute_amount_to_invoice()

    def _compute_product_updatable(self):
        res = super()._compute_product_updatable()
        for line in self:
            if line.state == "sale" and line.is_iaas:
                line.product_updatable = False
        return res

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        added = lines.filtered(
            lambda line: line.state == "sale" and line.product_id.is_iaas
        )
        for order in added.order_id:
            order_lines = added.filtered(
                lambda line, order=order: line.order_id == order
            )
            message = order._iaas_error_message(order_lines)
            if message:
                raise UserError(message)
        added._iaas_create_resources()
        return lines

    def write(self, vals):
        self._check_iaas_resources_kept(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_void_resources(self):
        self._iaas_unlink_void_resources()

    def _iaas_unlink_void_resources(self):
        """A cancelled line goes with the resources that never came into use."""
        resources = self.with_context(active_test=False).iaas_resource_ids
        for resource in resources.filtered(lambda resource: not resource.is_void):
            raise UserError(
                self.env._(
                    "%(order)s started %(resource)s, which has been in use: keep the "
                    "order as its record.",
                    order=resource.sale_order_id.name,
                    resource=resource.display_name,
                )
            )
        # Nobody has the right to delete resources; these were never anything.
        resources.sudo().unlink()

    def _check_iaas_resources_kept(self, vals):
        """What runs is not changed by editing the order that started it."""
        for line in self.filtered(lambda line: line.state == "sale" and line.is_iaas):
            quantity = vals.get("product_uom_qty", line.product_uom_qty)
            if (
                vals.get("product_id", line.product_id.id) != line.product_id.id
                or vals.get("product_uom_id", line.product_uom_id.id)
                != line.product_uom_id.id
                or float_compare(quantity, line.product_uom_qty, precision_digits=6)
                or line._iaas_changes_dimensions(vals)
                or (not self.env.su and line._iaas_changes_price(vals))
            ):
                raise UserError(
                    self.env._(
                        "%(product)s on %(order)s already runs. Order more on a new "
                        "line or order; to have less, stop resources.",
                        product=line.product_id.display_name,
                        order=line.order_id.name,
                    )
                )

    def _iaas_changes_price(self, vals):
        """Whether the values would change what the line comes to, which counts for
        the credit and the commitment of the contract."""
        self.ensure_one()
        return any(
            float_compare(vals[name] or 0, self[name], precision_digits=6)
            for name in ("price_unit", "discount")
            if name in vals
        )

    # === BUSINESS ===

    def _iaas_quantity(self):
        """The ordered quantity in the product's unit, exact."""
        self.ensure_one()
        quantity = self.product_uom_id._compute_quantity(
            self.product_uom_qty, self.product_id.uom_id, round=False
        )
        return Decimal(str(quantity))

    def _get_display_price(self):
        if not self.product_id.is_iaas:
            return super()._get_display_price()
        price = self.iaas_price_id.sudo()
        if not price or self.product_id.iaas_charge_kind == "usage":
            return 0
        # Each resource is rated on its own, so a tier counts from its own quantity.
        rated = Decimal(1)
        if self.product_id.iaas_resource_policy == "per_line":
            quantity = self._iaas_quantity()
            rated = quantity if quantity > 0 else rated
        amount = price.compute_amount(rated) / rated
        return price.currency_id._convert(
            self.product_id.uom_id._compute_price(float(amount), self.product_uom_id),
            self.currency_id,
            self.company_id,
            self.order_id._iaas_service_day(),
            round=False,
        )

    def _get_sale_order_line_multiline_description_sale(self):
        description = super()._get_sale_order_line_multiline_description_sale()
        if self.product_id.is_iaas and self.product_id.iaas_charge_kind == "usage":
            description += "\n" + self._iaas_usage_description()
        return description

    def _iaas_discount(self):
        """The contract's discount in percent on the first day of service."""
        contract = self.order_id.iaas_contract_id.sudo()
        if not contract:
            return Decimal(0)
        day = self.order_id._iaas_service_day()
        return contract._get_discount(self.product_id, day).discount

    def _iaas_usage_description(self):
        prices = self.iaas_usage_price_ids.sudo()
        if not prices:
            return self.env._("Billed on usage")
        price = prices[:1]
        if len(prices) == 1:
            words = self.env._(
                "Billed on usage at %(price)s",
                price=", ".join(price._describe().splitlines()),
            )
        else:
            words = self.env._(
                "Billed on usage:\n%(prices)s",
                prices="\n".join(price._describe_in_a_line() for price in prices),
            )
        discount = self._iaas_discount()
        if not discount:
            return words
        words = self.env._(
            "%(words)s, less %(discount)s %% discount",
            words=words,
            discount=price._format_number(discount),
        )
        if price.charge_model != "standard" or len(prices) > 1:
            return words
        return self.env._(
            "%(words)s: %(price)s",
            words=words,
            price=price._describe_unit_price(price.unit_price * (100 - discount) / 100),
        )

    def _iaas_obstacle(self):
        """Why this line cannot be called off, as a text; empty if it can."""
        self.ensure_one()
        order = self.order_id
        contract = order.iaas_contract_id.sudo()
        day = order._iaas_service_day()
        if not contract:
            return self.env._("IaaS products need a framework contract on the order.")
        if contract.state not in LIVE_STATES or not contract._is_valid_on(day):
            return self.env._(
                "contract %(contract)s is not active on %(day)s.",
                contract=contract.name,
                day=fields.Date.to_string(day),
            )
        if not contract._allows_product(self.product_id, day):
            return self.env._(
                "not in the catalogue %(catalogue)s of contract %(contract)s.",
                catalogue=contract.catalogue_id.name,
                contract=contract.name,
            )
        reason = self._iaas_lifecycle_obstacle(contract, day)
        if reason:
            return reason
        reason = self._iaas_dimension_obstacle(day)
        if reason:
            return reason
        quantity = self._iaas_quantity()
        if quantity <= 0:
            return self.env._("the quantity must be above zero.")
        most = MOST_RESOURCES
        if self.product_id.iaas_resource_policy == "per_line":
            most = MOST_QUANTITY
        if quantity > most:
            return self.env._(
                "at most %(most)s in one line, not %(quantity)s.",
                most=f"{most:,}",
                quantity=f"{quantity:f}",
            )
        if (
            self.product_id.iaas_resource_policy == "per_unit"
            and quantity != quantity.to_integral_value()
        ):
            return self.env._(
                "each unit becomes one resource, so the quantity must be whole, not "
                "%(quantity)s.",
                quantity=quantity,
            )
        return ""

    def _iaas_lifecycle_obstacle(self, contract, day):
        """Why the service's place in its life forbids to order it; else empty."""
        template = self.product_id.product_tmpl_id
        last_order_day = template.iaas_retiring_date
        if last_order_day and last_order_day < contract._today():
            return self.env._(
                "retiring, the last day to order it was %(day)s.",
                day=fields.Date.to_string(last_order_day),
            )
        lifecycle = template._get_iaas_lifecycle(day)
        if lifecycle == "ended":
            return self.env._(
                "ended, its last day of service is %(day)s.",
                day=fields.Date.to_string(template.iaas_ended_date),
            )
        if lifecycle == "beta" and not contract.catalogue_id:
            return self.env._(
                "in beta until %(day)s: only a contract whose catalogue names it may "
                "order it.",
                day=fields.Date.to_string(template.iaas_on_sale_date),
            )
        return ""

    def _iaas_create_resources(self):
        """Create the resources that the lines still lack; bring back those that a
        cancellation took out. Calling it again changes nothing."""
        values_list = []
        for line in self:
            values = line._prepare_iaas_resource_values(
                line.order_id._iaas_service_day()
            )
            day, needed = values["date_start"], line._iaas_resource_number()
            known = line.with_context(active_test=False).iaas_resource_ids.sudo()
            known = known.filtered(
                lambda resource, line=line, values=values: (
                    resource.dimension_value_ids == line.iaas_dimension_value_ids
                    and resource._get_ordered() == (line.product_id, values["quantity"])
                    and resource.contract_id.id == values["contract_id"]
                )
            )
            running = known.filtered(
                lambda resource, day=day: (
                    resource.active
                    and (not resource.date_end or resource.date_end >= day)
                )
            )[:needed]
            running.filtered("date_end").write({"date_end": False})
            void = known.filtered(lambda resource: not resource.active)
            void = void[: needed - len(running)]
            void.write(
                {
                    "active": True,
                    "is_void": False,
                    "date_start": day,
                    "date_end": False,
                }
            )
            missing = needed - len(running) - len(void)
            values_list += [dict(values) for _unit in range(missing)]
        # The order says who made them and when: no message on each resource.
        self.env["iaas.resource"].sudo().with_context(
            mail_create_nolog=True, mail_create_nosubscribe=True
        ).create(values_list)

    def _iaas_resource_number(self):
        if self.product_id.iaas_resource_policy == "per_line":
            return 1
        return int(self._iaas_quantity())

    def _prepare_iaas_resource_values(self, day):
        """The values of one resource rented from ``day``."""
        self.ensure_one()
        per_line = self.product_id.iaas_resource_policy == "per_line"
        return {
            "name": self.product_id.name,
            "contract_id": self.order_id.iaas_contract_id.id,
            "product_id": self.product_id.id,
            "quantity": self._iaas_quantity() if per_line else Decimal(1),
            "dimension_value_ids": [Command.set(self.iaas_dimension_value_ids.ids)],
            "date_start": day,
            "sale_line_id": self.id,
        }
