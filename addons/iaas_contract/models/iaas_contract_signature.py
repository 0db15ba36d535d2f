from odoo import api, fields, models
from odoo.exceptions import UserError


class IaasContractSignature(models.Model):
    """Who signed which bytes, when and how: written once, never changed."""

    _name = "iaas.contract.signature"
    _description = "Contract Signature"
    _order = "id desc"
    _rec_name = "signed_by"

    document_id = fields.Many2one(
        "iaas.contract.document",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    contract_id = fields.Many2one(
        related="document_id.contract_id", store=True, index=True
    )
    version_id = fields.Many2one(related="document_id.version_id", store=True)
    company_id = fields.Many2one(
        related="document_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(related="document_id.partner_id", string="Customer")
    sha256 = fields.Char(
        string="SHA-256 of What Was Signed",
        required=True,
        readonly=True,
        help="The digest that the signatory was shown, or that the paper was printed "
        "from.",
    )
    route = fields.Selection(
        [("online", "Online"), ("offline", "On Paper")], required=True, readonly=True
    )
    state = fields.Selection(
        [("valid", "Valid"), ("void", "Void")],
        string="Status",
        required=True,
        readonly=True,
        default="valid",
    )
    signed_by = fields.Char(required=True, readonly=True)
    signed_date = fields.Date(string="Signed On", required=True, readonly=True)
    proof_ids = fields.One2many(
        "iaas.contract.document",
        "proof_of_id",
        help="The certificate of an online signature, the scan of a signed paper.",
    )

    # Online
    signed_at = fields.Datetime(string="Signed At (UTC)", readonly=True)
    signer_id = fields.Many2one(
        "res.partner", string="Signatory", readonly=True, ondelete="restrict"
    )
    email = fields.Char(readonly=True)
    ip_address = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char(string="Browser", readonly=True)
    image = fields.Binary(attachment=False, readonly=True)

    # On paper
    our_signatory = fields.Char(string="Signed for Us By", readonly=True)
    our_signed_date = fields.Date(string="Signed for Us On", readonly=True)
    compared_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        ondelete="restrict",
        help="Who compared the signed paper with the approved version.",
    )
    compared_at = fields.Datetime(string="Compared On", readonly=True)
    page_note = fields.Char(string="Why Pages Differ", readonly=True)
    original_location = fields.Char(string="Original Lies At", readonly=True)

    _once = models.Constraint(
        "UNIQUE (document_id)", "This document is signed already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise UserError(
                self.env._(
                    "Signatures are given in the portal or recorded with the button "
                    "Record Signature of the contract."
                )
            )
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su or set(vals) - {"state"}:
            raise UserError(self.env._("A signature is kept as it was given."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A signature is kept: it cannot be deleted."))

    def _is_intact(self):
        """Whether it still stands for the bytes that were signed."""
        self.ensure_one()
        signature = self.sudo()
        return signature.sha256 == signature.document_id.sha256 and all(
            document._is_intact()
            for document in signature.document_id | signature.proof_ids
        )
