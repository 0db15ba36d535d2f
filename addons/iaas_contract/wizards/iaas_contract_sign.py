import base64

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class IaasContractSign(models.TransientModel):
    """Records a signature on paper: who signed for both sides, the scan, and that
    somebody compared it with what was approved (R35)."""

    _name = "iaas.contract.sign"
    _description = "Record the Signature of a Contract"

    contract_id = fields.Many2one("iaas.contract", required=True, readonly=True)
    version_id = fields.Many2one(
        "iaas.contract.version",
        compute="_compute_version_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    signed_by = fields.Char(
        string="Signatory", required=True, help="Who signed for the customer."
    )
    signed_date = fields.Date(
        string="Signed On", required=True, default=fields.Date.context_today
    )
    our_signatory = fields.Char(
        string="Signed for Us By",
        required=True,
        default=lambda self: self.env.user.name,
    )
    our_signed_date = fields.Date(
        string="Signed for Us On", required=True, default=fields.Date.context_today
    )
    scan = fields.Binary(
        string="Signed Copy",
        attachment=False,
        help="The scan of the signed paper, all pages in one PDF file.",
    )
    scan_name = fields.Char()
    scan_page_count = fields.Integer(
        string="Pages of the Scan", compute="_compute_scan_page_count"
    )
    document_page_count = fields.Integer(
        string="Pages of the Approved File", compute="_compute_document_page_count"
    )
    page_note = fields.Char(
        string="Why Pages Differ",
        help="For example a cover sheet, or the back of a stamped page.",
    )
    is_compared = fields.Boolean(
        string="Compared with the Approved Version",
        help="You have compared the signed paper with the approved file, page by page, "
        "and they are the same. Your name and the time are kept.",
    )
    original_location = fields.Char(
        string="Original Lies At", help="Where the signed paper itself is kept."
    )

    @api.depends("contract_id")
    def _compute_version_id(self):
        for wizard in self:
            wizard.version_id = wizard.version_id or wizard.contract_id.version_id

    @api.depends("scan")
    def _compute_scan_page_count(self):
        paper = self.env["iaas.contract.paper"]
        for wizard in self:
            # In a list or a form the value is the size of the file.
            content = base64.b64decode(wizard.with_context(bin_size=False).scan or b"")
            wizard.scan_page_count = paper._count_pages(content) if content else 0

    @api.depends("version_id")
    def _compute_document_page_count(self):
        for wizard in self:
            documents = wizard.version_id.document_ids.filtered(
                lambda document: (
                    document.kind == "generated" and document.state == "current"
                )
            )
            wizard.document_page_count = documents[:1].page_count

    # === ACTIONS ===

    def action_sign(self):
        """Record the signature and keep the scan with the contract."""
        self.ensure_one()
        self.contract_id.check_access("write")
        self._check_version()
        # With the rights of the user: the file was made when the contract was sent.
        document = self.version_id._document().sudo(self.env.su)
        self._check_dates()
        self._check_scan(document)
        document._sign_offline(
            base64.b64decode(self.with_context(bin_size=False).scan),
            self.scan_name,
            signed_by=self.signed_by,
            signed_date=self.signed_date,
            our_signatory=self.our_signatory,
            our_signed_date=self.our_signed_date,
            compared_by_id=self.env.uid,
            compared_at=fields.Datetime.now(),
            page_note=self.page_note,
            original_location=self.original_location,
        )
        return {"type": "ir.actions.act_window_close"}

    def _check_version(self):
        """The client says which version; it signs one of this contract only."""
        if self.version_id.sudo().contract_id != self.contract_id:
            raise UserError(
                self.env._(
                    "This version is not one of %(contract)s. Open the contract again "
                    "and record its signature there.",
                    contract=self.contract_id.display_name,
                )
            )

    def _check_dates(self):
        # East of the contract the user's day has begun.
        today = max(self.contract_id._today(), fields.Date.context_today(self))
        if max(self.signed_date, self.our_signed_date) > today:
            raise ValidationError(
                self.env._("The day of signature cannot be in the future.")
            )

    def _check_scan(self, document):
        """Refuse what nobody compared, and pages that are missing without a word."""
        if not self.scan:
            raise UserError(
                self.env._(
                    "Upload the scan of the signed paper: a signature on paper counts "
                    "with its signed copy."
                )
            )
        if self.scan_page_count != document.page_count and not self.page_note:
            raise UserError(
                self.env._(
                    "The scan has %(scan)s pages, the approved file has %(approved)s. "
                    "Scan all pages, or say why the pages differ.",
                    scan=self.scan_page_count,
                    approved=document.page_count,
                )
            )
        if not self.is_compared:
            raise UserError(
                self.env._(
                    "Compare the signed paper with the approved version, page by page, "
                    "then tick that you did."
                )
            )
        if not self.original_location:
            raise UserError(self.env._("Say where the signed original lies."))
