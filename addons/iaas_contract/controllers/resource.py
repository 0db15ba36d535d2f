from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from .order import OrderPortal

# What a customer does with a resource; how the pages are called.
KINDS = ("resize", "product", "stop")


class ResourcePortal(OrderPortal):
    """Customers change and stop what they rent, after they saw what it costs."""

    @http.route(
        "/my/iaas/resources/<int:resource_id>", type="http", auth="user", website=True
    )
    def portal_iaas_resource(self, resource_id, said=None, **_kw):
        """One resource, and what it was from when to when."""
        try:
            self._document_check_access("iaas.resource", resource_id)
        except (AccessError, MissingError):
            return request.redirect("/my/iaas/resources")
        resource = request.env["iaas.resource"].browse(resource_id)
        values = self._iaas_resource_values(resource) | {"said": said}
        return request.render("iaas_contract.portal_resource", values)

    @http.route(
        [
            "/my/iaas/resources/<int:resource_id>/change",
            "/my/iaas/resources/<int:resource_id>/stop",
        ],
        type="http",
        auth="user",
        website=True,
    )
    def portal_iaas_resource_ask(self, resource_id, **form):
        """Ask for the new size or service, or for the last day."""
        resource = self._iaas_resource_to_change(resource_id)
        if not resource:
            return request.redirect(self._iaas_resource_url(resource_id))
        return self._iaas_render_ask(resource, form)

    @http.route(
        "/my/iaas/resources/<int:resource_id>/confirm/<string:kind>",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_iaas_resource_confirm(self, resource_id, kind, **form):
        """Show what it costs and from when, before anything is done."""
        resource = self._iaas_resource_to_change(resource_id)
        if not resource or kind not in KINDS:
            return request.redirect(self._iaas_resource_url(resource_id))
        asked, errors = resource._portal_read(kind, form)
        if errors:
            return self._iaas_render_ask(resource, form, kind, errors)
        return self._iaas_render_confirm(resource, asked, form)

    @http.route(
        "/my/iaas/resources/<int:resource_id>/submit/<string:kind>",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_iaas_resource_submit(self, resource_id, kind, shown="", **form):
        """Do it, once however often the button is clicked."""
        resource = self._iaas_resource_to_change(resource_id)
        if not resource or kind not in KINDS:
            return request.redirect(self._iaas_resource_url(resource_id))
        asked, errors = resource._portal_read(kind, form)
        if not errors:
            is_new = not resource._portal_is_done(asked)
            if is_new and self._iaas_shown(resource, asked) != shown:
                return self._iaas_render_confirm(
                    resource, asked, form, is_repriced=True
                )
            try:
                with request.env.cr.savepoint():
                    resource._portal_apply(asked)
                return request.redirect(self._iaas_resource_url(resource_id, "done"))
            except UserError as error:
                errors = str(error).splitlines()
        return self._iaas_render_ask(resource, form, kind, errors)

    @http.route(
        "/my/iaas/resources/<int:resource_id>/take-back",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_iaas_resource_take_back(self, resource_id, what="", key="", **_kw):
        """Take back what has not begun."""
        resource = self._iaas_resource_to_change(resource_id)
        if not resource:
            return request.redirect(self._iaas_resource_url(resource_id))
        try:
            with request.env.cr.savepoint():
                resource._portal_take_back(what, key)
        except UserError as error:
            values = self._iaas_resource_values(resource) | {"error": str(error)}
            return request.render("iaas_contract.portal_resource", values)
        return request.redirect(self._iaas_resource_url(resource_id, "taken_back"))

    # === TOOLS ===

    def _iaas_resource_url(self, resource_id, said=None):
        url = f"/my/iaas/resources/{resource_id}"
        return f"{url}?said={said}" if said else url

    def _iaas_resource_to_change(self, resource_id):
        """The resource, with the user's own rights; none that the user may not
        change."""
        try:
            self._document_check_access("iaas.resource", resource_id)
        except (AccessError, MissingError):
            return None
        resource = request.env["iaas.resource"].browse(resource_id)
        return resource if resource._portal_may_change() else None

    def _iaas_resource_values(self, resource):
        """What every page on a resource shows."""
        # Its rule has let the user read it; products and contract are not to read.
        return {
            "resource": resource.sudo(),
            "may_change": resource._portal_may_change(),
            "pending": resource._portal_pending(),
            "monthly_fee": resource._portal_fee(),
            "page_name": "iaas_resource",
            "number": self._iaas_number(),
        }

    def _iaas_render_ask(self, resource, form, kind=None, errors=()):
        is_stop = kind == "stop" or request.httprequest.path.endswith("/stop")
        values = self._iaas_resource_values(resource) | {
            "form": form,
            "kind": kind,
            "errors": errors,
        }
        own = resource.sudo()
        if is_stop:
            values["first_day"] = max(own.contract_id._today(), own.date_start)
            return request.render("iaas_contract.portal_resource_stop", values)
        values |= {
            "first_day": own._portal_first_day(),
            "targets": resource._portal_targets(),
        }
        return request.render("iaas_contract.portal_resource_change", values)

    def _iaas_render_confirm(self, resource, asked, form, is_repriced=False):
        try:
            exceeds_credit = resource._portal_exceeds_credit(asked)
        except UserError as error:
            return self._iaas_render_ask(resource, form, asked.kind, [str(error)])
        before, after = resource._portal_costs(asked)
        values = self._iaas_resource_values(resource) | {
            "form": form,
            "asked": asked,
            "current": resource.sudo()._portal_current(asked),
            "fee_before": before,
            "fee_after": after,
            "shown": self._iaas_shown(resource, asked),
            "is_repriced": is_repriced,
            "exceeds_credit": exceeds_credit,
        }
        return request.render("iaas_contract.portal_resource_confirm", values)

    def _iaas_shown(self, resource, asked):
        """What the customer is shown to pay, to notice when it changes."""
        return "|".join(str(fee) for fee in resource._portal_costs(asked))
