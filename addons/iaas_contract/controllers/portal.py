from odoo import SUPERUSER_ID, http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Domain
from odoo.http import content_disposition, request
from odoo.tools import consteq

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.iaas_contract import IN_FORCE_STATES, LIVE_STATES

# What the customer is not shown: terms that are being written.
HIDDEN_STATES = ("draft", "review", "approval")
OVER_STATES = tuple(state for state in IN_FORCE_STATES if state not in LIVE_STATES)
LONGEST_USER_AGENT = 500


class IaasContractPortal(CustomerPortal):
    """The customer's own contracts: read, download, sign, decline."""

    # === HOME AND LIST ===

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        contracts = request.env["iaas.contract"]
        if "iaas_contract_count" in counters:
            values["iaas_contract_count"] = (
                contracts.search_count(self._contracts_domain())
                if contracts.has_access("read")
                else 0
            )
        if "iaas_to_sign_count" in counters:
            values["iaas_to_sign_count"] = (
                self._count_to_sign() if contracts.has_access("read") else 0
            )
        return values

    def _contracts_domain(self):
        partner = request.env.user.partner_id.commercial_partner_id
        return Domain("partner_id", "=", partner.id) & Domain(
            "state", "not in", HIDDEN_STATES
        )

    def _count_to_sign(self):
        contracts = request.env["iaas.contract"].search(
            self._contracts_domain() & Domain("state", "in", ("sent", *LIVE_STATES))
        )
        return len(contracts._documents_to_sign())

    def _contract_sortings(self):
        translate = request.env._
        return {
            "date": {"label": translate("First Day"), "order": "date_start desc, id"},
            "end": {"label": translate("Last Day"), "order": "date_end, id"},
            "name": {"label": translate("Number"), "order": "name desc"},
            "state": {"label": translate("Status"), "order": "state, id desc"},
        }

    def _contract_filters(self):
        translate = request.env._
        return {
            "all": {"label": translate("All"), "domain": Domain.TRUE},
            "sent": {
                "label": translate("To Sign"),
                "domain": Domain("state", "=", "sent"),
            },
            "live": {
                "label": translate("In Force"),
                "domain": Domain("state", "in", LIVE_STATES),
            },
            "over": {
                "label": translate("Over"),
                "domain": Domain("state", "in", OVER_STATES),
            },
        }

    def _contract_inputs(self):
        translate = request.env._
        return {
            "all": {"input": "all", "label": translate("Search in All")},
            "name": {"input": "name", "label": translate("Search in Number")},
            "title": {"input": "title", "label": translate("Search in Title")},
        }

    @http.route(
        ["/my/contracts", "/my/contracts/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_contracts(
        self, page=1, sortby=None, filterby=None, search=None, search_in="all", **kw
    ):
        """List the contracts of the user's company."""
        sortings, filters = self._contract_sortings(), self._contract_filters()
        inputs = self._contract_inputs()
        sortby = sortby if sortby in sortings else "date"
        filterby = filterby if filterby in filters else "all"
        search_in = search_in if search_in in inputs else "all"
        domain = self._contracts_domain() & filters[filterby]["domain"]
        if search:
            names = ("name", "title") if search_in == "all" else (search_in,)
            domain &= Domain.OR(Domain(name, "ilike", search) for name in names)
        contracts = request.env["iaas.contract"]
        pager = portal_pager(
            url="/my/contracts",
            url_args={
                "sortby": sortby,
                "filterby": filterby,
                "search": search or "",
                "search_in": search_in,
            },
            total=contracts.search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        found = contracts.search(
            domain,
            order=sortings[sortby]["order"],
            limit=self._items_per_page,
            offset=pager["offset"],
        )
        request.session["my_contracts_history"] = found.ids[:100]
        values = self._prepare_portal_layout_values() | {
            "contracts": found.sudo(),
            "page_name": "iaas_contract",
            "pager": pager,
            "default_url": "/my/contracts",
            "searchbar_sortings": sortings,
            "sortby": sortby,
            "searchbar_filters": filters,
            "filterby": filterby,
            "searchbar_inputs": inputs,
            "search_in": search_in,
            "search": search,
        }
        return request.render("iaas_contract.portal_my_contracts", values)

    # === ONE CONTRACT ===

    def _get_contract(self, contract_id, access_token=None):
        """The contract as superuser, if the user or the token may see it now."""
        contract = self._document_check_access(
            "iaas.contract", contract_id, access_token=access_token
        )
        if contract.state in HIDDEN_STATES and not request.env.user._is_internal():
            raise AccessError(request.env._("This contract is not ready yet."))
        return contract

    @http.route(
        "/my/contracts/<int:contract_id>", type="http", auth="public", website=True
    )
    def portal_contract(self, contract_id, access_token=None, **kw):
        """Show a contract: terms, versions, documents, what is rented under it."""
        try:
            contract = self._get_contract(contract_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        may_sign = not access_token
        values = {
            "contract": contract,
            "versions": contract.version_ids.filtered(
                lambda version: version._is_shown_to_customer()
            ).sorted("number", reverse=True),
            "documents": contract._portal_documents(),
            "annexes": contract._portal_annexes(),
            "to_sign": contract._documents_to_sign() if may_sign else [],
            "page_name": "iaas_contract",
        }
        values = self._get_page_view_values(
            contract, access_token, values, "my_contracts_history", False, **kw
        )
        return request.render("iaas_contract.portal_contract", values)

    @http.route(
        [
            "/my/contracts/<int:contract_id>/resources",
            "/my/contracts/<int:contract_id>/resources/page/<int:page>",
        ],
        type="http",
        auth="public",
        website=True,
    )
    def portal_contract_resources(self, contract_id, page=1, access_token=None, **kw):
        """List what the customer rents under the contract."""
        try:
            contract = self._get_contract(contract_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        # As superuser, within the contract that was checked.
        resources = request.env["iaas.resource"].sudo()
        domain = Domain("contract_id", "=", contract.id)
        pager = portal_pager(
            url=f"/my/contracts/{contract.id}/resources",
            url_args={"access_token": access_token} if access_token else None,
            total=resources.search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        values = self._prepare_portal_layout_values() | {
            "contract": contract,
            "resources": resources.search(
                domain, limit=self._items_per_page, offset=pager["offset"]
            ),
            "pager": pager,
            "page_name": "iaas_contract",
            "contract_part": "resources",
            "number": request.env["iaas.price"].sudo()._format_number,
            "access_token": access_token,
        }
        return request.render("iaas_contract.portal_contract_resources", values)

    @http.route(
        [
            "/my/contracts/<int:contract_id>/orders",
            "/my/contracts/<int:contract_id>/orders/page/<int:page>",
        ],
        type="http",
        auth="user",
        website=True,
    )
    def portal_contract_orders(self, contract_id, page=1, **kw):
        """List the orders under the contract, as the page of all orders does."""
        try:
            contract = self._get_contract(contract_id)
        except (AccessError, MissingError):
            return request.redirect("/my")
        orders = request.env["sale.order"]
        domain = Domain("iaas_contract_id", "=", contract.id) & Domain(
            self._prepare_orders_domain(request.env.user.partner_id)
        )
        url = f"/my/contracts/{contract.id}/orders"
        pager = portal_pager(
            url=url,
            total=orders.search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        found = orders.search(
            domain,
            order="date_order desc",
            limit=self._items_per_page,
            offset=pager["offset"],
        )
        request.session["my_orders_history"] = found.ids[:100]
        values = self._prepare_portal_layout_values() | {
            "orders": found.sudo(),
            "page_name": "order",
            "pager": pager,
            "default_url": url,
        }
        return request.render("sale.portal_my_orders", values)

    # === DOCUMENTS AND SIGNATURE ===

    def _get_document(self, contract_id, document_id, access_token=None):
        """The document as superuser, and whether its own token opened it."""
        document = (
            request.env["iaas.contract.document"]
            .with_user(SUPERUSER_ID)
            .browse(document_id)
            .exists()
        )
        if not document or document.contract_id.id != contract_id:
            raise MissingError(request.env._("This document does not exist."))
        token = document.access_token
        if access_token and token and consteq(token, access_token):
            return document, True
        # Of a void document nothing is shown but that it is void: to the customer
        # who has just declined it, for example, while its contract is a draft.
        user_company = request.env.user.partner_id.commercial_partner_id
        if document.state != "void" or user_company != document.partner_id:
            self._get_contract(contract_id, access_token)
        return document, False

    @http.route(
        "/my/contracts/<int:contract_id>/document/<int:document_id>",
        type="http",
        auth="public",
        website=True,
    )
    def portal_contract_document(
        self, contract_id, document_id, access_token=None, download=None, **kw
    ):
        """The bytes of a document that is to be signed or was signed."""
        try:
            document, _by_token = self._get_document(
                contract_id, document_id, access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        if document.state == "void" or not document._is_intact():
            return request.redirect("/my")
        name = document.name
        if not name.lower().endswith(".pdf"):
            name = f"{name}.pdf"
        disposition = content_disposition(
            name, disposition_type="attachment" if download else "inline"
        )
        return request.make_response(
            document.attachment_id.raw,
            headers=[
                ("Content-Type", "application/pdf"),
                ("Content-Disposition", disposition),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )

    @http.route(
        "/my/contracts/<int:contract_id>/sign/<int:document_id>",
        type="http",
        auth="public",
        website=True,
    )
    def portal_contract_sign(
        self, contract_id, document_id, access_token=None, message=None, **kw
    ):
        """Show a document, its digest, and the form to sign or decline it."""
        try:
            document, by_token = self._get_document(
                contract_id, document_id, access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        user = request.env.user
        values = {
            "contract": document.contract_id,
            "document": document,
            "is_open": document._is_open(),
            "is_intact": document._is_intact(),
            "annexes": document.version_id.annex_ids,
            "may_sign": self._may_sign(document, by_token),
            "query": f"access_token={access_token}" if access_token else "",
            "default_name": "" if user._is_public() else user.name,
            "message": message,
            "page_name": "iaas_contract",
            "contract_part": "signature",
            "no_breadcrumbs": by_token and user._is_public(),
        }
        return request.render("iaas_contract.portal_contract_sign", values)

    def _may_sign(self, document, by_token):
        user = request.env.user
        if user._is_internal() or document.contract_id.signing_route != "online":
            return False
        return by_token or document._may_be_signed_by(user)

    @http.route(
        "/my/contracts/<int:contract_id>/accept/<int:document_id>",
        type="jsonrpc",
        auth="public",
        website=True,
    )
    def portal_contract_accept(
        self, contract_id, document_id, name=None, signature=None, **kw
    ):
        """Take the signature on the document whose digest the page showed."""
        query = request.httprequest.args
        try:
            document, by_token = self._get_document(
                contract_id, document_id, query.get("access_token")
            )
        except (AccessError, MissingError):
            return {"error": request.env._("Invalid contract.")}
        if not self._may_sign(document, by_token):
            return {
                "error": request.env._(
                    "Only a decision maker of the customer can sign this contract, in "
                    "the portal or by the link of the message."
                )
            }
        try:
            with request.env.cr.savepoint():
                document._sign_online(
                    name, signature, query.get("sha256"), **self._signer(document)
                )
        except UserError as error:
            return {"error": str(error)}
        return {
            "force_refresh": True,
            "redirect_url": self._page(document, message="sign_ok"),
        }

    def _signer(self, document):
        """Who signs and from where, as far as the request tells."""
        user, http_request = request.env.user, request.httprequest
        partner = request.env["res.partner"]
        if user.partner_id.commercial_partner_id == document.partner_id:
            partner = user.partner_id
        return {
            "signer_id": partner.id,
            "email": partner.email,
            "ip_address": http_request.remote_addr,
            "user_agent": (http_request.user_agent.string or "")[:LONGEST_USER_AGENT],
        }

    @http.route(
        "/my/contracts/<int:contract_id>/decline/<int:document_id>",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_contract_decline(
        self, contract_id, document_id, access_token=None, reason=None, **kw
    ):
        """Take the reason why the customer does not sign."""
        try:
            document, by_token = self._get_document(
                contract_id, document_id, access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        message = "declined"
        if not self._may_sign(document, by_token):
            message = "cannot_decline"
        else:
            user = request.env.user
            author = document.partner_id if user._is_public() else user.partner_id
            try:
                with request.env.cr.savepoint():
                    document._decline(reason, author)
            except UserError:
                message = "cannot_decline"
        return request.redirect(self._page(document, message, access_token))

    def _page(self, document, message, access_token=None):
        """The page of the document, for whoever is on it now."""
        access_token = access_token or request.httprequest.args.get("access_token")
        token = f"&access_token={access_token}" if access_token else ""
        return f"{document.access_url}?message={message}{token}"

    # === STAFF ===

    @http.route("/iaas/contract/<int:contract_id>/draft.pdf", type="http", auth="user")
    def contract_draft(self, contract_id, **kw):
        """The contract as it would be sent now, marked as a draft."""
        contract = request.env["iaas.contract"].browse(contract_id).exists()
        if not contract or not request.env.user._is_internal():
            raise request.not_found()
        contract.check_access("read")
        name = f"{contract.name.replace('/', '-')}.pdf"
        return request.make_response(
            contract._render_pdf(contract, f"{contract.name}:draft"),
            headers=[
                ("Content-Type", "application/pdf"),
                (
                    "Content-Disposition",
                    content_disposition(name, disposition_type="inline"),
                ),
            ],
        )
