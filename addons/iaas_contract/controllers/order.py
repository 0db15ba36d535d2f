from uuid import uuid4

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager


class OrderPortal(CustomerPortal):
    """Customers order in the portal and see what they rent."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "iaas_resource_count" in counters:
            values["iaas_resource_count"] = request.env["iaas.resource"].search_count(
                self._iaas_resource_domain(), limit=1
            )
        if "iaas_order_contract_count" in counters:
            values["iaas_order_contract_count"] = len(
                request.env["sale.order"]._iaas_portal_contracts()
            )
        return values

    # === ORDER ===

    @http.route("/my/iaas/order", type="http", auth="user", website=True)
    def portal_iaas_order(self, contract_id=None, **form):
        """Choose the contract, the products and the first day."""
        values, contract = self._iaas_order_values(contract_id, form)
        if contract:
            values["offer"] = self._iaas_offer(contract, form)
        return request.render("iaas_contract.portal_order", values)

    @http.route(
        "/my/iaas/order/summary",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_iaas_order_summary(self, contract_id=None, **form):
        """Show what the order comes to, before it is placed."""
        values, contract = self._iaas_order_values(contract_id, form)
        if not contract:
            return request.redirect("/my/iaas/order")
        Order = request.env["sale.order"]
        requested, day, errors = Order._iaas_portal_read_form(contract, form)
        if requested and not errors:
            draft = Order._iaas_portal_draft(contract.sudo(), requested, day)
            errors = draft._iaas_portal_obstacles(contract.sudo())
        if errors:
            values |= {
                "errors": errors,
                "offer": self._iaas_offer(contract, form),
            }
            return request.render("iaas_contract.portal_order", values)
        values |= {"call_off": draft, "token": uuid4().hex}
        return request.render("iaas_contract.portal_order_summary", values)

    @http.route("/my/iaas/order/price", type="jsonrpc", auth="user", readonly=True)
    def portal_iaas_order_price(self, contract_id, product_id, value_ids):
        """The price of a service where the customer chooses to have it."""
        Order = request.env["sale.order"]
        contract = Order._iaas_portal_contracts().filtered(
            lambda own: own.id == contract_id
        )
        return Order._iaas_portal_quote(contract, product_id, value_ids)

    @http.route(
        "/my/iaas/order/submit",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_iaas_order_submit(
        self, contract_id=None, token="", shown_total="", **form
    ):
        """Place the order, once however often the button is clicked."""
        values, contract = self._iaas_order_values(contract_id, form)
        if not contract or not token:
            return request.redirect("/my/iaas/order")
        Order = request.env["sale.order"]
        requested, day, errors = Order._iaas_portal_read_form(contract, form)
        if not errors:
            draft = Order._iaas_portal_draft(contract.sudo(), requested, day)
            if self._iaas_total(draft) != shown_total:
                values |= {"call_off": draft, "token": uuid4().hex, "is_repriced": True}
                return request.render("iaas_contract.portal_order_summary", values)
            try:
                with request.env.cr.savepoint():
                    order = Order._iaas_portal_place(
                        contract,
                        requested,
                        day,
                        token,
                        form.get("customer_ref", "").strip() or None,
                    )
                return request.redirect(f"/my/iaas/order/{order.id}")
            except UserError as error:
                errors = str(error).splitlines()
        values |= {"errors": errors, "offer": self._iaas_offer(contract, form)}
        return request.render("iaas_contract.portal_order", values)

    @http.route("/my/iaas/order/<int:order_id>", type="http", auth="user", website=True)
    def portal_iaas_order_placed(self, order_id, **_kw):
        """Tell how the order stands: confirmed, or waiting for finance."""
        try:
            order = self._document_check_access("sale.order", order_id)
        except (AccessError, MissingError):
            return request.redirect("/my")
        # What sales is still drafting is nobody else's to see here.
        is_known = order.state in ("sale", "cancel") or order.iaas_credit_hold
        if not order.iaas_contract_id or not is_known:
            return request.redirect(f"/my/orders/{order_id}")
        values = {
            "call_off": order,
            "page_name": "iaas_order_placed",
            "number": self._iaas_number(),
        }
        return request.render("iaas_contract.portal_order_placed", values)

    def _iaas_order_values(self, contract_id, form):
        """What every order page shows, and the chosen contract of the user's own."""
        Order = request.env["sale.order"]
        contracts = Order._iaas_portal_contracts()
        contract = contracts.filtered(lambda own: str(own.id) == contract_id)
        if not contract and not contract_id and len(contracts) == 1:
            contract = contracts
        values = {
            "contracts": contracts.sudo(),
            "contract": contract.sudo(),
            "may_order": Order._iaas_portal_may_order(),
            "waiting": Order._iaas_portal_waiting(),
            "form": form,
            "errors": [],
            "page_name": "iaas_order",
            "total_text": self._iaas_total,
            "number": self._iaas_number(),
        }
        return values, contract

    def _iaas_offer(self, contract, form):
        """What may be ordered, by product family, as far as it was chosen already."""
        offer = request.env["sale.order"]._iaas_portal_offer(contract, form)
        families = {}
        for item in offer:
            families.setdefault(item["family"], []).append(item)
        return families

    def _iaas_total(self, order):
        """What the customer is shown to pay, to notice when it changes."""
        return f"{order.currency_id.name} {order.amount_total:.2f}"

    def _iaas_number(self):
        """How quantities are written, in the user's language."""
        return request.env["iaas.price"].sudo()._format_number

    # === RESOURCES ===

    @http.route(
        ["/my/iaas/resources", "/my/iaas/resources/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_iaas_resources(
        self, page=1, sortby=None, filterby=None, search="", **kw
    ):
        """What the user's company rents."""
        Resource = request.env["iaas.resource"]
        sortings = {
            "new": {
                "label": request.env._("Newest"),
                "order": "date_start desc, id desc",
            },
            "name": {"label": request.env._("Name"), "order": "name, id"},
            "ref": {"label": request.env._("Reference"), "order": "external_ref, id"},
        }
        filters = {
            "current": {
                "label": request.env._("In use or planned"),
                "domain": Domain("state", "in", ("planned", "running")),
            },
            "stopped": {
                "label": request.env._("Stopped"),
                "domain": Domain("state", "=", "stopped"),
            },
            "all": {"label": request.env._("All"), "domain": Domain.TRUE},
        }
        sortby = sortby if sortby in sortings else "new"
        filterby = filterby if filterby in filters else "current"
        domain = self._iaas_resource_domain() & filters[filterby]["domain"]
        if search:
            domain &= Domain("name", "ilike", search) | Domain(
                "external_ref", "ilike", search
            )
        pager = portal_pager(
            url="/my/iaas/resources",
            url_args={"sortby": sortby, "filterby": filterby, "search": search},
            total=Resource.search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        resources = Resource.search(
            domain,
            order=sortings[sortby]["order"],
            limit=self._items_per_page,
            offset=pager["offset"],
        )
        values = self._prepare_portal_layout_values() | {
            # The rule of the portal has chosen them; their products are not to read.
            "resources": resources.sudo(),
            "may_order": request.env["sale.order"]._iaas_portal_may_order(),
            "page_name": "iaas_resource",
            "number": self._iaas_number(),
            "pager": pager,
            "default_url": "/my/iaas/resources",
            "searchbar_sortings": sortings,
            "searchbar_filters": filters,
            "searchbar_inputs": {
                "all": {"input": "all", "label": request.env._("Name or reference")}
            },
            "search_in": "all",
            "search": search,
            "sortby": sortby,
            "filterby": filterby,
        }
        return request.render("iaas_contract.portal_resources", values)

    def _iaas_resource_domain(self):
        return Domain("partner_id", "=", request.env.user.commercial_partner_id.id)
