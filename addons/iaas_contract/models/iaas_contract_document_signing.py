import base64
import binascii
import io

from markupsafe import Markup
from PIL import Image, UnidentifiedImageError

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .iaas_contract_signing import DECISION_MAKER

LONGEST_NAME = 100
LONGEST_IMAGE = 2_000_000
SIGNED_TEMPLATE = "iaas_contract.mail_template_contract_signed"


class IaasContractDocument(models.Model):
    """How a document is signed: online by the customer, or on paper."""

    _inherit = "iaas.contract.document"

    def _sign_online(self, name, image, sha256, **signer):
        """Take the signature that the customer gave on the page of this document.

        :param image: the drawn signature, base64 of a PNG
        :param sha256: the digest that the page showed
        :param signer: ``signer_id``, ``email``, ``ip_address``, ``user_agent``
        """
        self.ensure_one()
        self._lock_for_signature()
        if self.sudo().contract_id.signing_route != "online":
            raise UserError(
                self.env._(
                    "This contract is signed on paper: print, sign and return it."
                )
            )
        name = " ".join((name or "").split())
        if not name or len(name) > LONGEST_NAME:
            raise UserError(self.env._("Enter your full name to sign."))
        self._check_image(image)
        self._check_signable(sha256)
        now = fields.Datetime.now()
        signature = self._record_signature(
            {
                "route": "online",
                "signed_by": name,
                "signed_at": now,
                "signed_date": self.contract_id._day_of(now),
                "image": image,
                **signer,
            }
        )
        certificate = self._keep(
            self.version_id,
            "certificate",
            self._render_certificate(signature),
            self.env._("Signature certificate %(document)s", document=self.name),
            signature,
        )
        self.version_id._accept_signature(name, signature.signed_date)
        self._confirm(signature, certificate)
        return signature

    def _sign_offline(self, scan, scan_name, **values):
        """Record a signature on paper, with its scan that somebody compared."""
        self.ensure_one()
        self._lock_for_signature()
        self._check_signable(self.sha256)
        signature = self._record_signature({"route": "offline", **values})
        copy = self._keep(
            self.version_id,
            "scan",
            scan,
            scan_name or self.env._("Signed %(document)s", document=self.name),
            signature,
        )
        self.version_id._accept_signature(signature.signed_by, signature.signed_date)
        self.contract_id.message_post(
            body=self.env._(
                "%(version)s signed on paper by %(name)s. Signed copy:",
                version=self.version_id.display_name,
                name=signature.signed_by,
            ),
            attachment_ids=copy.attachment_id.ids,
        )
        return signature

    def _decline(self, reason, author):
        """The customer does not sign: back to draft, and the owner is told why."""
        self.ensure_one()
        self._lock_for_signature()
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why you decline."))
        if not self._is_open():
            raise UserError(self._closed_message())
        document = self.sudo()
        contract, version = document.contract_id, document.version_id
        if contract.state == "sent":
            contract.action_draft()
        else:
            version.action_draft()
        contract.message_post(
            body=self.env._(
                "%(version)s was declined by %(name)s: %(reason)s",
                version=version.display_name,
                name=author.name,
                reason=reason,
            ),
            author_id=author.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        contract.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Declined by the customer"),
            # What somebody typed in the portal is text, not HTML.
            note=Markup("<p>%s</p>") % reason,
            user_id=contract._responsible().id,
        )

    def _may_be_signed_by(self, user):
        """Whether the user is a decision maker of the customer."""
        self.ensure_one()
        # As superuser: portal users do not see their own roles.
        partner, role = user.sudo().partner_id, self.env.ref(DECISION_MAKER)
        return (
            user.share
            and not user._is_public()
            and partner.commercial_partner_id == self.sudo().partner_id
            and role in partner.iaas_contact_role_ids
        )

    # === HELPERS ===

    def _lock_for_signature(self):
        """Of two who sign at once the second one waits, then sees that it is signed."""
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                "SELECT id FROM iaas_contract_document WHERE id = %s FOR UPDATE",
                self.id,
            )
        )
        self.invalidate_recordset()

    def _check_image(self, image):
        """Refuse what is no picture, and an empty one."""
        try:
            content = base64.b64decode(image or b"", validate=True)
            if not content or len(content) > LONGEST_IMAGE:
                raise ValueError
            with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
                picture.verify()
        except (
            binascii.Error,
            ValueError,
            SyntaxError,
            OSError,
            UnidentifiedImageError,
            Image.DecompressionBombError,
        ):
            raise UserError(
                self.env._("Your signature is missing: draw it in the field.")
            ) from None

    def _check_signable(self, sha256):
        """Refuse what is not, byte by byte, the document that was approved."""
        if not self._is_open():
            raise UserError(self._closed_message())
        if sha256 != self.sha256:
            raise UserError(
                self.env._(
                    "This page shows another document than the one that is to be "
                    "signed now. Load the page again and read the document before "
                    "you sign it."
                )
            )
        self._verify()
        version = self.version_id.sudo()
        version.annex_ids._verify()
        if version._current_digest() != self.sudo().terms_digest:
            raise UserError(
                self.env._(
                    "The terms of %(version)s changed after this document was made. "
                    "It has to be approved and sent again.",
                    version=version.display_name,
                )
            )

    def _closed_message(self):
        document = self.sudo()
        signature = document.signature_ids[:1]
        if document.state == "signed" and signature:
            return self.env._(
                "This document was already signed, by %(name)s on %(day)s.",
                name=signature.signed_by,
                day=fields.Date.to_string(signature.signed_date),
            )
        if document.state == "void":
            return self.env._(
                "This document is void: its terms changed or were taken back. Ask for "
                "the new one."
            )
        return self.env._("This document does not wait for a signature.")

    def _record_signature(self, values):
        # As superuser: no client makes signatures or changes documents.
        document = self.sudo()
        signature = document.signature_ids.create(
            {"document_id": document.id, "sha256": document.sha256, **values}
        )
        document.state = "signed"
        # Whoever signed at the same time meets the unique constraint here, before
        # anything follows from the signature.
        signature.flush_recordset()
        return signature

    def _render_certificate(self, signature):
        partner = self.partner_id
        return self.env["iaas.contract.paper"]._render(
            "iaas_contract.signature_certificate",
            {
                "signature": signature.sudo(),
                "document": self.sudo(),
                "contract": self.contract_id.sudo(),
                "company": self.company_id.sudo(),
            },
            partner.lang,
            identifier=f"certificate:{self.sha256}",
        )

    def _confirm(self, signature, certificate):
        """Tell the customer and the owner, with the signed file and its certificate."""
        contract = self.contract_id.sudo()
        author = signature.signer_id or contract.partner_id
        files = self.sudo().attachment_id | certificate.attachment_id
        contract.message_post(
            body=self.env._(
                "%(version)s signed online by %(name)s. SHA-256 %(digest)s.",
                version=self.version_id.display_name,
                name=signature.signed_by,
                digest=signature.sha256,
            ),
            author_id=author.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachment_ids=files.ids,
        )
        template = self.env.ref(SIGNED_TEMPLATE, raise_if_not_found=False)
        # Whoever signed by the link of the message is one of those it went to.
        recipients = signature.email or ",".join(
            filter(None, contract._get_decision_makers().mapped("email_formatted"))
        )
        if template and recipients:
            template.sudo().send_mail(
                contract.id,
                email_values={
                    "email_to": recipients,
                    "recipient_ids": [],
                    "attachment_ids": files.ids,
                },
            )
