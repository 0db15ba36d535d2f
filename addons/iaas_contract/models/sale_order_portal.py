from odoo import api, models
from odoo.exceptions import AccessError, UserError

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

    # === ORDER ===

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
            reason = line._iaas_portal_obstacle()
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
