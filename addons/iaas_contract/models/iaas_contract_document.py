from odoo import api, fields, models
from odoo.exceptions import UserError

# A document is void when its terms are; everything else about it stays as it was made.
CHANGING_FIELDS = {"state", "is_tampered", "checked_date", "access_token"}


class IaasContractDocument(models.Model):
    """One PDF file of a contract, kept byte by byte: what the customer is to sign,
    the certificate of an online signature, the scan of a signed paper."""

    _name = "iaas.contract.document"
    _description = "Contract Document"
    _inherit = ["portal.mixin", "iaas.sealed.file.mixin"]
    _order = "id desc"

    name = fields.Char(required=True, readonly=True)
    contract_id = fields.Many2one(
        "iaas.contract", required=True, readonly=True, index=True, ondelete="restrict"
    )
    version_id = fields.Many2one(
        "iaas.contract.version",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(
        related="contract_id.partner_id", string="Customer", store=True
    )
    kind = fields.Selection(
        [
            ("generated", "Contract"),
            ("certificate", "Certificate"),
            ("scan", "Signed Scan"),
        ],
        required=True,
        readonly=True,
    )
    attachment_id = fields.Many2one(
        "ir.attachment",
        string="File",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    sha256 = fields.Char(
        string="SHA-256",
        required=True,
        readonly=True,
        help="Of the bytes of the file, when it was made.",
    )
    page_count = fields.Integer(string="Pages", readonly=True)
    terms_digest = fields.Char(
        string="SHA-256 of the Terms",
        required=True,
        readonly=True,
        help="Of the terms that the file states.",
    )
    state = fields.Selection(
        [("current", "To Sign"), ("signed", "Signed"), ("void", "Void")],
        string="Status",
        required=True,
        readonly=True,
        default="current",
        index=True,
    )
    proof_of_id = fields.Many2one(
        "iaas.contract.signature",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The signature that this certificate or scan proves.",
    )
    # Whoever holds it may sign in the customer's name: no salesperson reads it.
    access_token = fields.Char(groups="base.group_system")
    signature_ids = fields.One2many("iaas.contract.signature", "document_id")
    _one_to_sign = models.UniqueIndex(
        "(version_id) WHERE kind = 'generated' AND state <> 'void'",
        "There is a document of this version already.",
    )

    def _compute_access_url(self):
        for document in self:
            document.access_url = (
                f"/my/contracts/{document.contract_id.id}/sign/{document.id}"
            )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise UserError(
                self.env._(
                    "Documents are made when a contract is sent and when it is signed, "
                    "not by hand."
                )
            )
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su or vals.keys() - CHANGING_FIELDS:
            raise UserError(self.env._("A contract document is kept as it was made."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A contract document is kept: it cannot be deleted.")
        )

    # === ACTIONS ===

    def action_download(self):
        """The file, as it was made."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "download",
        }

    # === BUSINESS ===

    @api.model
    def _keep(self, version, kind, content, name, proof_of=None):
        """Keep these bytes as a document of the version, or as proof of a signature.

        The attachment hangs on the document, so whoever may read one may read the
        other, and nobody may change it from then on.
        """
        paper = self.env["iaas.contract.paper"]
        # As superuser: clients make neither documents nor their files.
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": name,
                    "raw": content,
                    "mimetype": "application/pdf",
                    "company_id": version.company_id.id,
                }
            )
        )
        document = self.sudo().create(
            {
                "name": name,
                "contract_id": version.contract_id.id,
                "version_id": version.id,
                "kind": kind,
                "attachment_id": attachment.id,
                "sha256": paper._sha256(content),
                "page_count": paper._count_pages(content),
                "terms_digest": version.sudo().digest,
                "state": "signed" if proof_of else "current",
                "proof_of_id": proof_of.id if proof_of else False,
            }
        )
        # From now on it is bound.
        attachment.write({"res_model": document._name, "res_id": document.id})
        return document

    def _sealed_attachment(self):
        return self.attachment_id

    def _void(self):
        """These are no longer the terms; what was signed of them does not bind."""
        documents = self.sudo().filtered(lambda document: document.state != "void")
        documents.signature_ids.state = "void"
        documents.state = "void"

    def _is_open(self):
        """Whether the customer can sign this document now."""
        self.ensure_one()
        document = self.sudo()
        contract, version = document.contract_id, document.version_id
        return (
            document.kind == "generated"
            and document.state == "current"
            and version.state == "approved"
            and (
                (contract.state == "sent" and contract.version_id == version)
                or (contract.state in ("active", "expiring") and version.date_sent)
            )
        )
