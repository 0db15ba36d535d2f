from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import UserError, ValidationError
from odoo.http import request
from odoo.tools import format_date

from odoo.addons.iaas_contract.models.iaas_contract import LIVE_STATES
from odoo.addons.portal.controllers.portal import CustomerPortal

DIMENSIONS = ("product", "resource", "day", "tag")


class UsagePortal(CustomerPortal):
    """Months at a glance, the running period and its budgets, for the customer."""

    def _get_usage_contracts(self, contract_id=None):
        """The customer's contracts in force, or the one that was chosen."""
        own = request.env.user.partner_id.commercial_partner_id
        domain = [("partner_id", "child_of", own.id), ("state", "in", LIVE_STATES)]
        if contract_id:
            domain.append(("id", "=", contract_id))
        return request.env["iaas.contract"].search(domain)

    @http.route("/my/usage", type="http", auth="user", website=True)
    def portal_my_usage(
        self, contract_id="", by="product", tag=None, message=None, **kw
    ):
        """What this period comes to so far and by its end, and the months before."""
        chosen = int(contract_id) if contract_id.isdecimal() else None
        contracts = self._get_usage_contracts()
        # Amounts of one currency: those of the chosen contract, else of the first.
        contract = contracts.filtered(lambda one: one.id == chosen)
        shown = contract or contracts.filtered(
            lambda one: one.currency_id == contracts[:1].currency_id
        )
        Usage = request.env["iaas.current.usage"]
        if not Usage.has_access("read"):
            raise NotFound()
        tags = Usage._get_tag_names(shown)
        tag = tag if tag in tags else next(iter(tags), None)
        if by not in DIMENSIONS or (by == "tag" and not tag):
            by = "product"
        budgets = request.env["iaas.budget"].search([("contract_id", "in", shown.ids)])
        rows = Usage._get_breakdown(shown, by, tag)
        [(to_date, projected, first, last)] = Usage._read_group(
            [("contract_id", "in", shown.ids)],
            [],
            [
                "amount_to_date:sum",
                "amount_projected:sum",
                "date_from:min",
                "date_to:max",
            ],
        )
        return request.render(
            "iaas_billing.portal_my_usage",
            self._prepare_portal_layout_values()
            | {
                "page_name": "usage",
                "title": request.env._("Usage and budgets"),
                "contracts": contracts,
                "contract": contract,
                "shown": shown,
                "currency": shown[:1].currency_id,
                "months": Usage._get_months(shown),
                "month_name": self._get_month_name,
                "to_date": to_date or 0,
                "projected": projected or 0,
                "first_day": first,
                "last_day": last,
                "by": by,
                "tags": tags,
                "tag": tag,
                "rows": rows,
                "budgets": budgets,
                "may_set": self._may_set_budgets(),
                "may_have_keys": self._may_have_keys(),
                "services": Usage._get_services(shown),
                "message": message,
            },
        )

    @http.route(
        "/my/usage/budget", type="http", auth="user", methods=["POST"], website=True
    )
    def portal_set_budget(
        self, contract_id="", product_id="", amount="", alert_percent="80", **kw
    ):
        """Set the budget of a contract or of a service; an empty amount removes it."""
        contract = self._get_usage_contracts(
            int(contract_id) if contract_id.isdecimal() else -1
        )
        if not contract or not self._may_set_budgets():
            raise NotFound()
        product = request.env["product.product"].sudo()  # no right to read products
        if product_id.isdecimal():
            usage = request.env["iaas.current.usage"].search(
                [
                    ("contract_id", "=", contract.id),
                    ("product_id", "=", int(product_id)),
                ],
                limit=1,
            )
            # A budget may outlive the use of its service; it can still be removed.
            known = usage.product_id | contract.sudo().budget_ids.product_id
            product = known.sudo().filtered(lambda one: one.id == int(product_id))
            if not product:
                raise NotFound()
        message = "budget_set" if amount.strip() else "budget_removed"
        try:
            contract.sudo()._set_budget(
                product, amount, alert_percent, request.env.user.partner_id
            )
        except (UserError, ValidationError, ValueError):
            message = "budget_refused"
        return request.redirect(
            f"/my/usage?contract_id={contract.id}&message={message}"
        )

    def _may_set_budgets(self):
        return request.env["sale.order"]._iaas_portal_may_order()

    def _may_have_keys(self):
        """Whether we let customers make API keys."""
        # A setting of Odoo's portal, which customers cannot read.
        parameters = request.env["ir.config_parameter"].sudo()
        return bool(parameters.get_param("portal.allow_api_keys"))

    def _get_month_name(self, day):
        return format_date(request.env, day, date_format="MMM y")
