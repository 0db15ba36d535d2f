from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .iaas_contract import LIVE_STATES


class SaleOrder(models.Model):
    _inherit = "sale.order"

    iaas_customer_id = fields.Many2one(
        related="partner_id.commercial_partner_id", string="Customer Company"
    )
    iaas_contract_id = fields.Many2one(
        "iaas.contract",
        string="Framework Contract",
        index="btree_not_null",
        copy=True,
        tracking=True,
        check_company=True,
        domain="[('partner_id', '=', iaas_customer_id), "
        "('state', 'in', ('active', 'expiring'))]",
        help="The contract under which this order calls off IaaS products. Its "
        "prices and discounts apply, and its statements settle them.",
    )
    has_only_iaas_lines = fields.Boolean(compute="_compute_has_only_iaas_lines")
    iaas_resource_ids = fields.One2many(
        "iaas.resource", "sale_order_id", string="Cloud Resources"
    )
    iaas_resource_count = fields.Integer(
        compute="_compute_iaas_resource_count", compute_sudo=True
    )

    # === COMPUTE ===

    @api.depends("order_line.product_id.is_iaas")
    def _compute_has_only_iaas_lines(self):
        for order in self:
            iaas_lines = order._iaas_lines()
            order.has_only_iaas_lines = bool(iaas_lines) and all(
                line.display_type or line in iaas_lines for line in order.order_line
            )

    @api.depends("iaas_resource_ids")
    def _compute_iaas_resource_count(self):
        counts = dict(
            self.env["iaas.resource"]._read_group(
                [("sale_order_id", "in", self.ids)], ["sale_order_id"], ["__count"]
            )
        )
        for order in self:
            order.iaas_resource_count = counts.get(order._origin, 0)

    @api.depends("iaas_contract_id.currency_id")
    def _compute_currency_id(self):
        under_contract = self.filtered("iaas_contract_id")
        for order in under_contract:
            order.currency_id = order.iaas_contract_id.currency_id
        return super(SaleOrder, self - under_contract)._compute_currency_id()

    @api.depends("iaas_contract_id")
    def _compute_payment_term_id(self):
        agreed = self.filtered(lambda order: order.iaas_contract_id.payment_term_id)
        for order in agreed:
            order.payment_term_id = order.iaas_contract_id.payment_term_id
        return super(SaleOrder, self - agreed)._compute_payment_term_id()

    def _compute_user_id(self):
        """Whoever sees own documents only keeps what he or she writes for the customer
        of somebody else (R1): as its backup, not as its owner."""
        user = self.env.user
        if not user.has_group("sales_team.group_sale_salesman") or user.has_group(
            "sales_team.group_sale_salesman_all_leads"
        ):
            return super()._compute_user_id()
        written = self.filtered(
            lambda order: (
                order.iaas_customer_id.is_iaas_customer and not order._origin.id
            )
        )
        written.user_id = user
        return super(SaleOrder, self - written)._compute_user_id()

    # === CONSTRAINTS AND ONCHANGE ===

    @api.constrains("iaas_contract_id", "partner_id")
    def _check_iaas_contract_partner(self):
        for order in self:
            contract = order.iaas_contract_id.sudo()
            if contract and contract.partner_id != order.iaas_customer_id:
                raise ValidationError(
                    self.env._(
                        "%(contract)s is a contract of %(holder)s, but the order is "
                        "for %(customer)s. Choose a contract of the customer.",
                        contract=contract.display_name,
                        holder=contract.partner_id.display_name,
                        customer=order.iaas_customer_id.display_name,
                    )
                )

    @api.onchange("partner_id")
    def _onchange_partner_iaas_contract(self):
        """Propose the customer's contract when there is no choice."""
        if self.iaas_contract_id.partner_id == self.iaas_customer_id:
            return
        contracts = self.env["iaas.contract"].search(
            [
                ("partner_id", "=", self.iaas_customer_id.id),
                ("company_id", "=", self.company_id.id),
                ("state", "in", LIVE_STATES),
            ],
            limit=2,
        )
        self.iaas_contract_id = contracts if len(contracts) == 1 else False

    @api.onchange("iaas_contract_id", "commitment_date")
    def _onchange_iaas_terms(self):
        self._iaas_apply_terms()

    # === CRUD ===

    def write(self, vals):
        if "iaas_contract_id" in vals:
            for order in self:
                if (
                    order.state == "sale"
                    and order.iaas_resource_ids
                    and order.iaas_contract_id.id != vals["iaas_contract_id"]
                ):
                    raise UserError(
                        self.env._(
                            "%(order)s is confirmed and its resources run under "
                            "%(contract)s. Cancel the order before choosing another "
                            "contract.",
                            order=order.name,
                            contract=order.iaas_contract_id.display_name,
                        )
                    )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_void_resources(self):
        # The database deletes the lines of an order, past their own hook.
        self.order_line._iaas_unlink_void_resources()

    # === ACTIONS ===

    def action_confirm(self):
        # The contract's terms of today hold, not those of the quotation's day.
        self.order_line.invalidate_recordset(["iaas_price_id", "iaas_usage_price_ids"])
        self.filtered(
            lambda order: order.state in ("draft", "sent")
        )._iaas_apply_terms()
        return super().action_confirm()

    def action_view_iaas_resources(self):
        """The resources that this order created."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_resource_action"
        )
        return action | {
            "domain": [("sale_order_id", "=", self.id)],
            "context": {"active_test": False},
        }

    # === BUSINESS ===

    def _confirmation_error_message(self):
        message = super()._confirmation_error_message()
        if not message and self.iaas_contract_id and not self._has_products():
            message = self.env._(
                "%(order)s calls off nothing yet. Add what the customer orders under "
                "%(contract)s.",
                order=self.name,
                contract=self.iaas_contract_id.display_name,
            )
        return message or self._iaas_error_message(self._iaas_lines())

    def _has_products(self):
        return any(not line.display_type for line in self.order_line)

    def _action_confirm(self):
        result = super()._action_confirm()
        self._iaas_lines()._iaas_create_resources()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        for order in self:
            order._iaas_release_resources()
        return result

    def _recompute_prices(self):
        result = super()._recompute_prices()
        self._iaas_apply_terms()
        return result

    def _iaas_lines(self):
        return self.order_line.filtered(
            lambda line: line.product_id.is_iaas and not line.display_type
        )

    def _iaas_service_day(self):
        """The civil day from which the order rents: the promised delivery date, else
        today; in the contract's time zone."""
        self.ensure_one()
        instant = self.commitment_date or fields.Datetime.now()
        contract = self.iaas_contract_id.sudo()
        return contract._day_of(instant) if contract else instant.date()

    def _iaas_apply_terms(self):
        """Give the IaaS lines the prices, discounts and wording of the contract."""
        lines = self._iaas_lines()
        lines._compute_price_unit()
        lines._compute_discount()
        lines.filtered(
            lambda line: line.product_id.iaas_charge_kind == "usage"
        )._compute_name()

    def _iaas_error_message(self, lines):
        """Why these lines cannot be called off, one reason per line; else False."""
        self.ensure_one()
        reasons = [
            self.env._(
                "%(product)s: %(reason)s",
                product=line.product_id.display_name,
                reason=reason,
            )
            for line in lines
            if (reason := line._iaas_obstacle())
        ]
        if not reasons:
            return False
        return self.env._(
            "%(order)s cannot be confirmed:\n%(reasons)s",
            order=self.name,
            reasons="\n".join(f"- {reason}" for reason in reasons),
        )

    def _iaas_release_resources(self):
        """End the resources of a cancelled order, except those already in use."""
        self.ensure_one()
        resources = self.iaas_resource_ids.sudo()
        used = resources._filter_used()
        today = resources.contract_id[:1]._today()
        idle = resources - used
        fresh = idle.filtered(lambda resource: resource.date_start >= today)
        fresh._void()
        (idle - fresh)._stop(today)
        if used:
            self.message_post(
                body=self.env._(
                    "These resources have been used and go on: %(resources)s. "
                    "Stop them on their last day of use.",
                    resources=", ".join(used.mapped("display_name")),
                )
            )
