from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import content_disposition, request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.iaas_statement_portal import PORTAL_STATES

_LINES_PER_PAGE = 40
_MAX_REASON = 2000


class StatementPortal(CustomerPortal):
    """The customer's statements: read, download, confirm, dispute (R65)."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "statement_count" in counters:
            Statement = request.env["iaas.statement"]
            values["statement_count"] = (
                Statement.search_count(self._get_statement_domain())
                if Statement.has_access("read")
                else 0
            )
        return values

    def _get_statement_domain(self):
        partner = request.env.user.partner_id.commercial_partner_id
        return [
            ("partner_id", "child_of", partner.id),
            ("state", "in", PORTAL_STATES),
        ]

    @http.route(
        ["/my/statements", "/my/statements/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_statements(self, page=1, filterby=None, message=None, **kw):
        Statement = request.env["iaas.statement"]
        filters = {
            "all": {"label": request.env._("All"), "domain": []},
            "sent": {
                "label": request.env._("To Confirm"),
                "domain": [("state", "=", "sent")],
            },
            "advance": {
                "label": request.env._("In Advance"),
                "domain": [("kind", "=", "advance")],
            },
            "unpaid": {
                "label": request.env._("Unpaid"),
                "domain": [("move_id.payment_state", "in", ("not_paid", "partial"))],
            },
        }
        filterby = filterby if filterby in filters else "all"
        domain = self._get_statement_domain() + filters[filterby]["domain"]
        if not Statement.has_access("read"):
            raise NotFound()
        pager = portal_pager(
            url="/my/statements",
            url_args={"filterby": filterby},
            total=Statement.search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        statements = Statement.search(
            domain, limit=self._items_per_page, offset=pager["offset"]
        )
        return request.render(
            "iaas_billing.portal_my_statements",
            self._prepare_portal_layout_values()
            | {
                "statements": statements.sudo(),
                "page_name": "statement",
                "title": request.env._("Statements"),
                "pager": pager,
                "default_url": "/my/statements",
                "searchbar_filters": filters,
                "filterby": filterby,
                "message": message,
            },
        )

    @http.route(
        "/my/statements/<int:statement_id>", type="http", auth="public", website=True
    )
    def portal_my_statement(
        self, statement_id, access_token=None, page="1", message=None, **kw
    ):
        try:
            statement = self._get_statement(statement_id, access_token)
        except (AccessError, MissingError):
            return self._go_away()
        page = int(page) if page.isdecimal() else 1
        pager = portal_pager(
            url=f"/my/statements/{statement_id}",
            url_args={"access_token": access_token} if access_token else {},
            total=statement.line_count,
            page=page,
            step=_LINES_PER_PAGE,
        )
        # Pages are a parameter here: the path is the document's.
        for entry in (*pager["pages"], pager["page_previous"], pager["page_next"]):
            number = entry["num"]
            entry["url"] = statement.get_portal_url(query_string=f"&page={number}")
        lines = statement._search_lines(limit=_LINES_PER_PAGE, offset=pager["offset"])
        amounts = statement._get_family_amounts()
        values = {
            "statement": statement,
            "lines": lines,
            "parted": self._get_parted(lines, amounts),
            "title": statement.name,
            "amounts": amounts,
            "sums": statement._get_sums(),
            "pager": pager,
            "page_name": "statement",
            "message": message,
            "is_customer": self._is_customer(statement),
            "chart": statement._draw_chart(amounts),
        }
        return request.render(
            "iaas_billing.portal_my_statement",
            self._get_page_view_values(
                statement, access_token, values, "my_statements_history", False, **kw
            ),
        )

    @http.route(
        "/my/statements/<int:statement_id>/<string:document>",
        type="http",
        auth="public",
        methods=["GET"],
    )
    def portal_statement_document(
        self, statement_id, document, access_token=None, **kw
    ):
        """Download the statement as pdf, csv, xlsx or focus."""
        try:
            statement = self._get_statement(statement_id, access_token)
        except (AccessError, MissingError):
            return self._go_away()
        if document not in statement._get_export_formats():
            raise NotFound()
        name, mimetype, content = statement._export(document)
        if mimetype.startswith("text/"):
            mimetype += "; charset=utf-8"
        return request.make_response(
            content,
            headers=[
                ("Content-Type", mimetype),
                ("Content-Length", len(content)),
                ("Content-Disposition", content_disposition(name)),
            ],
        )

    @http.route(
        "/my/statements/<int:statement_id>/confirm",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_confirm(self, statement_id, shown="", **kw):
        """The customer confirms the statement as the page has shown it."""
        statement = self._get_own_statement(statement_id)
        if shown != statement._get_shown():
            return self._back_to(statement, "changed")
        try:
            statement._confirm("portal", request.env.user.partner_id)
        except UserError:
            return self._back_to(statement, "not_confirmed")
        request.env.ref("iaas_billing.ir_cron_statement_follow").sudo()._trigger()
        return self._back_to(statement, "confirmed")

    @http.route(
        "/my/statements/<int:statement_id>/dispute",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
    )
    def portal_dispute(self, statement_id, line_id="", reason="", page="", **kw):
        """The customer disputes a line of the statement."""
        statement = self._get_own_statement(statement_id)
        # A statement may have very many lines; only one is meant.
        line = statement._search_lines(
            [("id", "=", int(line_id) if line_id.isdecimal() else 0)]
        )
        reason = reason.strip()[:_MAX_REASON]
        if not line or not reason:
            return self._back_to(statement, "no_reason", page)
        try:
            statement._dispute(line, reason, request.env.user.partner_id)
        except UserError:
            return self._back_to(statement, "not_disputed", page)
        return self._back_to(statement, "disputed", page)

    # ------------------------------------------------------------------

    def _get_statement(self, statement_id, access_token):
        """The statement as superuser, once it may be read by the user or by whoever
        has its link."""
        statement = self._document_check_access(
            "iaas.statement", statement_id, access_token
        )
        is_internal = request.env.user._is_internal()
        if statement.state not in PORTAL_STATES and not is_internal:
            raise AccessError(request.env._("It is not with the customer."))
        return statement

    def _get_own_statement(self, statement_id):
        """The statement of the customer who is logged in; nobody else answers it."""
        try:
            statement = self._get_statement(statement_id, None)
        except (AccessError, MissingError) as error:
            raise NotFound() from error
        if not self._is_customer(statement):
            raise NotFound()
        return statement

    def _is_customer(self, statement):
        """Whether the portal user belongs to the customer or a company above it."""
        user = request.env.user
        if not user._is_portal():
            return False
        own = user.partner_id.commercial_partner_id
        return own == statement.partner_id or bool(
            statement.partner_id.search_count(
                [
                    ("id", "=", statement.partner_id.id),
                    ("id", "child_of", own.id),
                ],
                limit=1,
            )
        )

    def _go_away(self):
        """To the statements that are the user's, or to the login."""
        if request.env["iaas.statement"].has_access("read"):
            return request.redirect("/my/statements?message=missing")
        return request.redirect("/my")

    def _get_parted(self, lines, amounts):
        """The groups of the page of which other pages show lines too, so that what is
        shown does not add up to the amount of the group."""
        groups = lines.grouped(
            lambda line: (line.family_id, bool(line.settles_line_id))
        )
        return {
            (family, is_settled)
            for (family, is_settled), shown in groups.items()
            if not is_settled
            and lines.currency_id.compare_amounts(
                sum(shown.mapped("amount")), amounts[family]
            )
        }

    def _back_to(self, statement, message, page=""):
        """To the statement, on the page where the customer was."""
        at = f"&page={page}" if page.isdecimal() else ""
        return request.redirect(f"/my/statements/{statement.id}?message={message}{at}")
