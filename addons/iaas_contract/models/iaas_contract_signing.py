from odoo import api, fields, models
from odoo.tools.misc import get_lang

from .iaas_contract import IN_FORCE_STATES, LIVE_STATES

# Context value of ``iaas_without_document`` for contracts that were signed long ago and
# are entered by the system, which need no file. No client can send this very object.
WITHOUT_DOCUMENT = object()
DECISION_MAKER = "iaas_customer.iaas_contact_role_decision_maker"
SEND_TEMPLATE = "iaas_contract.mail_template_contract_to_sign"


class IaasContract(models.Model):
    """Signing: what goes to the customer is a file that is frozen when it is sent, and
    a signature binds to the bytes of that file."""

    _inherit = "iaas.contract"

    signing_route = fields.Selection(
        [("online", "Online"), ("offline", "On Paper")],
        compute="_compute_signing_route",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        tracking=True,
        help="Online: the customer's decision makers sign in the portal.\n"
        "On paper: the file is printed, signed by both sides, scanned and compared.",
    )
    document_ids = fields.One2many(
        "iaas.contract.document",
        "contract_id",
        string="Documents",
        groups="base.group_user",
    )
    signature_ids = fields.One2many(
        "iaas.contract.signature",
        "contract_id",
        string="Signatures",
        groups="base.group_user",
    )
    dispatch_ids = fields.One2many(
        "iaas.contract.dispatch",
        "contract_id",
        string="Send and Receive Log",
        groups="base.group_user",
    )
    signature_status = fields.Selection(
        [
            ("valid", "Valid"),
            ("broken", "Broken"),
            ("outdated", "Terms in force are not signed"),
        ],
        compute="_compute_signature_status",
        groups="base.group_user",
        help="Whether the signed files are still, byte by byte, those that were "
        "signed, and whether the terms in force are the ones they state.",
    )

    @api.depends("partner_id")
    def _compute_signing_route(self):
        for contract in self:
            tier = contract.partner_id.iaas_tier_id
            contract.signing_route = tier.signing_route or "online"

    @api.depends("state", "version_id", "signature_ids.state")
    def _compute_signature_status(self):
        for contract in self:
            signatures = contract.sudo().signature_ids.filtered(
                lambda signature: signature.state == "valid"
            )
            status = False
            if not all(signature._is_intact() for signature in signatures):
                status = "broken"
            elif contract.version_id in signatures.version_id:
                status = "valid"
            elif signatures and contract.state in IN_FORCE_STATES:
                status = "outdated"
            contract.signature_status = status

    def _compute_access_url(self):
        for contract in self:
            contract.access_url = f"/my/contracts/{contract.id}"

    # === ACTIONS ===

    def action_send(self):
        """Freeze the file that the customer is to sign."""
        result = super().action_send()
        if self.env.context.get("iaas_without_document") is not WITHOUT_DOCUMENT:
            for contract in self:
                contract._current_version()._document()
        return result

    def action_send_mail(self):
        """Send, then open the message to the customer's decision makers."""
        self.ensure_one()
        if self.state != "sent":
            self.action_send()
        return self._current_version()._compose_mail()

    def action_sign(self):
        """Have the file at hand that the signed paper is compared with."""
        result = super().action_sign()
        self._current_version()._document()
        return result

    def action_download_document(self):
        """The file that was frozen last, or a draft of it."""
        self.ensure_one()
        self.check_access("read")
        document = self.document_ids.filtered(
            lambda document: (
                document.kind == "generated"
                and document.state != "void"
                and document.version_id == self.version_id
            )
        )[:1]
        if document:
            return document.action_download()
        return {
            "type": "ir.actions.act_url",
            "url": f"/iaas/contract/{self.id}/draft.pdf",
            "target": "new",
        }

    def action_check_integrity(self):
        """Compare all files of the contract with the digests kept of them."""
        self.check_access("read")
        return self.document_ids.action_check_integrity()

    # === BUSINESS ===

    def _get_decision_makers(self):
        """The people of the customer who sign, or have it signed."""
        self.ensure_one()
        role = self.env.ref(DECISION_MAKER, raise_if_not_found=False)
        return (
            self.env["res.partner"]
            .sudo()
            .search(
                [
                    ("commercial_partner_id", "=", self.partner_id.id),
                    ("iaas_contact_role_ids", "in", role.ids if role else []),
                ]
            )
        )

    def _process_attachments_for_template_post(self, mail_template):
        """The frozen file itself goes with the message, no copy of it."""
        result = super()._process_attachments_for_template_post(mail_template)
        if mail_template == self.env.ref(SEND_TEMPLATE, raise_if_not_found=False):
            for contract in self:
                values = result.setdefault(contract.id, {})
                values.setdefault("attachment_ids", []).extend(
                    contract._documents_to_sign().attachment_id.ids
                )
        return result

    def _get_signing_link(self):
        """Where the holder of the link reads and signs what waits for a signature."""
        self.ensure_one()
        document = self._documents_to_sign()[:1]
        record = document or self
        return f"{self.get_base_url()}{record.get_portal_url()}"

    def _documents_to_sign(self):
        """What waits for the customer's signature, for whoever asks."""
        # As superuser: the portal shows it to customers, who may not read documents.
        return self.sudo().document_ids.filtered(lambda document: document._is_open())

    def _portal_documents(self):
        """The files that the customer may download, the newest first."""
        return self.sudo().document_ids.filtered(
            lambda document: document.state == "signed" or document._is_open()
        )

    def _render_pdf(self, terms, identifier):
        """The contract with these terms, as PDF bytes in the customer's language.

        :param terms: a version, or the contract itself for a draft
        """
        self.ensure_one()
        language = self.partner_id.lang
        # As superuser: the file states the prices and obligations of the contract
        # whoever sends it.
        contract, terms = self.sudo(), terms.sudo()
        paper = contract.env["iaas.contract.paper"]
        is_amendment = terms != contract and contract.state in LIVE_STATES
        records = {
            name: record.with_context(lang=get_lang(self.env, language).code)
            for name, record in {"contract": contract, "terms": terms}.items()
        }
        return paper._render(
            "iaas_contract.contract_document",
            {
                **records,
                "company": records["contract"].company_id,
                "is_draft": terms == contract,
                "is_amendment": is_amendment,
                # A contract has those in force, an amendment those that it proposes.
                "prices": records["terms" if is_amendment else "contract"].price_ids,
            },
            language,
            identifier,
        )
