from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_amount

RELEASE_ACTIVITY = "iaas_contract.mail_activity_type_credit_release"
RELEASE_GROUP = "account.group_account_manager"


class SaleOrder(models.Model):
    """An order above the customer's credit limit waits for finance."""

    _name = "sale.order"
    _inherit = ["sale.order", "iaas.gated.mixin"]

    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    iaas_credit_limit = fields.Monetary(
        string="Credit Limit",
        compute="_compute_iaas_credit",
        compute_sudo=True,
        currency_field="company_currency_id",
    )
    iaas_credit_exposure = fields.Monetary(
        string="Credit with this Order",
        compute="_compute_iaas_credit",
        compute_sudo=True,
        currency_field="company_currency_id",
        help="What the customer owes and will owe until the next settlement, this "
        "order included.",
    )
    is_iaas_credit_blocked = fields.Boolean(
        compute="_compute_iaas_credit", compute_sudo=True
    )
    iaas_commitment_left = fields.Monetary(
        string="Commitment Left",
        related="iaas_contract_id.commitment_left",
        currency_field="currency_id",
        help="What is still to be ordered per settlement period to reach the "
        "commitment of the contract.",
    )
    iaas_credit_hold = fields.Boolean(
        string="Waits for Credit Release", readonly=True, copy=False
    )
    iaas_credit_released = fields.Monetary(
        string="Released up to",
        readonly=True,
        copy=False,
        tracking=True,
        currency_field="company_currency_id",
        help="Finance has agreed to a credit of up to this amount for this order.",
    )
    iaas_credit_release_reason = fields.Text(readonly=True, copy=False)
    iaas_credit_releaser_id = fields.Many2one(
        "res.users", string="Released by", readonly=True, copy=False
    )

    # === COMPUTE ===

    @api.depends(
        "amount_total",
        "currency_id",
        "iaas_contract_id.credit_limit_amount",
        "iaas_credit_released",
        "state",
    )
    def _compute_iaas_credit(self):
        for order in self:
            compare = order.company_currency_id.compare_amounts
            checks = []
            if order.iaas_contract_id:
                requested = order._iaas_requested_credit()
                checks = [
                    (limit, owed + requested)
                    for limit, owed in order.iaas_contract_id._get_credit_checks()
                ]
            exceeded = [check for check in checks if compare(check[1], check[0]) > 0]
            # The highest: released up to it, the order passes every check.
            limit, exposure = max(exceeded or checks or [(0, 0)], key=lambda c: c[1])
            order.iaas_credit_limit = limit
            order.iaas_credit_exposure = exposure
            order.is_iaas_credit_blocked = (
                bool(exceeded) and compare(exposure, order.iaas_credit_released) > 0
            )

    def _iaas_requested_credit(self):
        """What the lines that do not run yet add until the next settlement."""
        months = self.iaas_contract_id._get_cycle_months()
        requested = 0
        for line in self.order_line.filtered(lambda line: not line.display_type):
            if line.iaas_resource_ids or (self.state == "sale" and not line.is_iaas):
                continue
            recurs = line.is_iaas and line.product_id.iaas_charge_kind == "recurring"
            requested += line._iaas_company_amount() * (months if recurs else 1)
        return requested

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "iaas_credit_hold",
            "iaas_credit_released",
            "iaas_credit_release_reason",
            "iaas_credit_releaser_id",
        }

    # === ACTIONS ===

    def action_confirm(self):
        # The limit is the customer's, whatever the user may see of it.
        self.iaas_contract_id.sudo()._lock_credit()
        return super().action_confirm()

    def action_iaas_request_release(self):
        """Put the order before finance."""
        self.check_access("write")
        for order in self.filtered("is_iaas_credit_blocked"):
            order._iaas_hold()

    def action_iaas_release(self):
        """Open the wizard by which finance lets the order pass."""
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_credit_release_action"
        ) | {"context": {"default_order_id": self.id}}

    # === BUSINESS ===

    def _confirmation_error_message(self):
        return super()._confirmation_error_message() or self._iaas_credit_message()

    def _iaas_error_message(self, lines):
        message = super()._iaas_error_message(lines)
        if not message and self.state == "sale":
            # Lines added to a confirmed order start to run at once.
            self.iaas_contract_id.sudo()._lock_credit()
            self.invalidate_recordset(["is_iaas_credit_blocked"])
            message = self._iaas_credit_message()
        return message

    def _iaas_credit_message(self):
        """Why the credit limit forbids the order; else False."""
        self.ensure_one()
        if not self.is_iaas_credit_blocked:
            return False
        amounts = (self.iaas_credit_exposure, self.iaas_credit_limit)
        exposure, limit = (
            format_amount(self.env, amount, self.company_currency_id)
            for amount in amounts
        )
        return self.env._(
            "%(order)s would bring the credit of %(customer)s to %(exposure)s, above "
            "the limit of %(limit)s. Finance can release it.",
            order=self.name,
            customer=self.iaas_customer_id.display_name,
            exposure=exposure,
            limit=limit,
        )

    def _iaas_hold(self):
        """Wait for finance; the owner sees to it."""
        for order in self:
            order.sudo().iaas_credit_hold = True
            if not order.activity_search([RELEASE_ACTIVITY]):
                order.sudo().activity_schedule(
                    RELEASE_ACTIVITY,
                    note=order._iaas_credit_message(),
                    user_id=(
                        order.user_id or order.iaas_contract_id.sudo()._responsible()
                    ).id,
                )

    def _iaas_release(self, reason):
        """Let the order pass with the credit it needs now; what another program
        placed is confirmed."""
        self.ensure_one()
        if not self.env.su and not self.env.user.has_group(RELEASE_GROUP):
            raise AccessError(self.env._("Only finance managers release credit."))
        order = self.sudo()
        order.write(
            {
                "iaas_credit_released": order.iaas_credit_exposure,
                "iaas_credit_release_reason": reason,
                "iaas_credit_releaser_id": self.env.uid,
                "iaas_credit_hold": False,
            }
        )
        order.message_post(
            body=self.env._("Credit released: %(reason)s", reason=reason)
        )
        order.activity_feedback([RELEASE_ACTIVITY], feedback=reason)
        if order.iaas_external_ref and order.state in ("draft", "sent"):
            order.action_confirm()

    def _action_confirm(self):
        self.sudo().filtered("iaas_credit_hold").iaas_credit_hold = False
        return super()._action_confirm()

    def _action_cancel(self):
        self.sudo().filtered("iaas_credit_hold").iaas_credit_hold = False
        self.activity_unlink([RELEASE_ACTIVITY])
        return super()._action_cancel()

    def _iaas_confirm_placed(self):
        self.iaas_contract_id.sudo()._lock_credit()
        wrong = self._iaas_error_message(self._iaas_lines())
        if self.is_iaas_credit_blocked and not wrong:
            return self._iaas_hold()
        return super()._iaas_confirm_placed()

    def _iaas_describe_placed(self):
        held = self.iaas_credit_hold and self._iaas_credit_message()
        return super()._iaas_describe_placed() | {"held": held}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _iaas_company_amount(self, tax=True):
        """The amount in the company's currency, at today's rate."""
        self.ensure_one()
        return self.currency_id._convert(
            self.price_total if tax else self.price_subtotal,
            self.company_id.currency_id,
            self.company_id,
            fields.Date.context_today(self),
        )
