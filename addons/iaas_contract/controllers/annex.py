from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import content_disposition, request

from .portal import IaasContractPortal


class IaasContractAnnexPortal(IaasContractPortal):
    """The annexes of a contract, for whoever may read its PDF file."""

    def _get_annex(self, contract_id, annex_id, document_id, access_token):
        """The annex as superuser: of the contract, of a version that the customer may
        know, or of the document that waits for a signature."""
        annex = request.env["iaas.contract.annex"].sudo().browse(annex_id).exists()
        if document_id:
            document, _by_token = self._get_document(
                contract_id, document_id, access_token
            )
            shown = document.state != "void" and annex.version_id == document.version_id
        else:
            contract = self._get_contract(contract_id, access_token)
            shown = annex.contract_id == contract or (
                annex.version_id.contract_id == contract
                and annex.version_id._is_shown_to_customer()
            )
        if not annex or not shown:
            raise MissingError(request.env._("This annex does not exist."))
        return annex

    @http.route(
        [
            "/my/contracts/<int:contract_id>/annex/<int:annex_id>",
            "/my/contracts/<int:contract_id>/document/<int:document_id>"
            "/annex/<int:annex_id>",
        ],
        type="http",
        auth="public",
        website=True,
    )
    def portal_contract_annex(
        self, contract_id, annex_id, document_id=None, access_token=None, **kw
    ):
        """The bytes of an annex, to be saved: what a browser would do with a file that
        somebody uploaded is not tried."""
        try:
            annex = self._get_annex(contract_id, annex_id, document_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        if not annex._is_intact():
            return request.redirect("/my")
        return request.make_response(
            annex._sealed_attachment().raw,
            headers=[
                ("Content-Type", "application/octet-stream"),
                (
                    "Content-Disposition",
                    content_disposition(annex._download_name()),
                ),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
