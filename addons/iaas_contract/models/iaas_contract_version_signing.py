from odoo import fields, models

from .iaas_contract_digest import terms_digest
from .iaas_contract_signing import SEND_TEMPLATE


class IaasContractVersion(models.Model):
    """The file of a version, frozen when it goes to the customer."""

    _inherit = "iaas.contract.version"

    date_sent = fields.Date(
        string="Sent On",
        readonly=True,
        copy=False,
        help="When the amendment went to the customer to be signed.",
    )
    document_ids = fields.One2many(
        "iaas.contract.document",
        "version_id",
        string="Documents",
        groups="base.group_user",
    )

    # === CRUD ===

    def write(self, vals):
        result = super().write(vals)
        if vals.get("state") in ("draft", "refused", "void"):
            # As superuser: no user changes documents.
            self.sudo().document_ids._void()
        return result

    # === ACTIONS ===

    def action_send_mail(self):
        """Freeze the amendment's file and open the message to the customer."""
        self.ensure_one()
        self._check_version_state(("approved",), self.env._("sent to the customer"))
        self.check_access("write")
        self._check_live()
        self._offer()
        return self._compose_mail()

    def action_sign(self):
        """Open the wizard that records a signature on paper."""
        self.ensure_one()
        self._check_version_state(("approved",), self.env._("signed"))
        self.check_access("write")
        self._check_live()
        self._offer()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_sign_action"
        ) | {
            "context": {
                "default_contract_id": self.contract_id.id,
                "default_version_id": self.id,
            }
        }

    def action_draft(self):
        """An amendment that is taken back was not sent."""
        result = super().action_draft()
        self.sudo().date_sent = False
        return result

    # === BUSINESS ===

    def _is_shown_to_customer(self):
        """Whether the customer may know the version: an amendment once it was sent."""
        self.ensure_one()
        return self.state in ("in_force", "superseded") or (
            self.state == "approved"
            and (bool(self.date_sent) or self == self.contract_id.version_id)
        )

    def _offer(self):
        """From now on the customer may sign."""
        self.ensure_one()
        self._document()
        # As superuser: a field that only the buttons set.
        version = self.sudo()
        version.date_sent = version.date_sent or self.contract_id._today()

    def _document(self):
        """The file of this version, made if there is none."""
        self.ensure_one()
        documents = self.sudo().document_ids
        current = documents.filtered(
            lambda document: document.kind == "generated" and document.state != "void"
        )
        if current:
            return current
        return self.env["iaas.contract.document"]._keep(
            self,
            "generated",
            self._render_pdf(),
            self.env._(
                "Contract %(number)s v%(version)s.pdf",
                number=self.contract_id.name.replace("/", "-"),
                version=self.number,
            ),
        )

    def _render_pdf(self):
        """The contract as this version has it, as PDF bytes."""
        self.ensure_one()
        return self.contract_id._render_pdf(self, f"{self.contract_id.name}:{self.id}")

    def _current_digest(self):
        """Of the terms that would come into force with this version now."""
        self.ensure_one()
        contract = self.contract_id
        if contract.state == "sent" and contract.version_id == self:
            return contract._terms_digest()
        return terms_digest(self._proposal())

    def _compose_mail(self):
        """The message with which the file and the link to sign it are sent."""
        self.ensure_one()
        contract = self.contract_id
        template = self.env.ref(SEND_TEMPLATE, raise_if_not_found=False)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send %(version)s", version=self.display_name),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_model": contract._name,
                "default_res_ids": contract.ids,
                "default_template_id": template.id if template else False,
                "default_composition_mode": "comment",
                # Its link signs: colleagues of the recipients do not find it on the
                # page of the contract.
                "default_subtype_id": self.env.ref("mail.mt_note").id,
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "force_email": True,
            },
        }

    def _accept_signature(self, signed_by, signed_date):
        """Let the version have the effect that its signature gives it."""
        self.ensure_one()
        contract = self.contract_id
        if contract.state == "sent" and contract.version_id == self:
            contract._sign(signed_by, signed_date)
            return
        self._check_version_state(("approved",), self.env._("signed"))
        self.check_access("write")
        self._check_live()
        # As superuser: the fields that no client may set.
        version = self.sudo()
        version.write({"signed_by": signed_by, "signed_date": signed_date})
        if version.date_effective <= contract._today():
            version._put_in_force_or_tell()
