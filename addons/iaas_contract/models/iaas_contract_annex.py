import base64
import binascii
import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError

from .ir_attachment import ANNEX_FILE

MEGABYTE = 1024 * 1024
LARGEST_FILE = 25 * MEGABYTE
# What a check of the bytes notes; everything else is frozen with a submitted version.
CHECK_FIELDS = {"is_tampered", "checked_date"}


class IaasContractAnnex(models.Model):
    """One file that is part of what was agreed, of a contract as it is in force or of
    one of its versions: a service description, a data processing agreement."""

    _name = "iaas.contract.annex"
    _description = "Contract Annex"
    _inherit = [
        "iaas.contract.term.mixin",
        "iaas.gated.mixin",
        "iaas.sealed.file.mixin",
    ]
    _order = "sequence, id"

    contract_id = fields.Many2one(
        "iaas.contract", index="btree_not_null", ondelete="cascade"
    )
    version_id = fields.Many2one(
        "iaas.contract.version", index="btree_not_null", ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, precompute=True
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(string="Annex", required=True)
    description = fields.Char(help="Printed in the contract below the name.")
    file = fields.Binary(required=True, attachment=True)
    file_name = fields.Char()
    sha256 = fields.Char(
        string="SHA-256",
        compute="_compute_sha256",
        store=True,
        precompute=True,
        required=True,
        help="Of the bytes of the file, when it was set. The contract states it, so a "
        "signature on the contract binds the annex as well.",
    )

    _one_holder = models.Constraint(
        "CHECK (num_nonnulls(contract_id, version_id) = 1)",
        "An annex belongs to a contract or to one of its versions.",
    )

    # === COMPUTE ===

    @api.depends("contract_id.company_id", "version_id.company_id")
    def _compute_company_id(self):
        for annex in self:
            annex.company_id = (annex.contract_id or annex.version_id).company_id

    @api.depends("file")
    def _compute_sha256(self):
        for annex in self:
            # The web client asks for the sizes of files in place of the files.
            content = annex.with_context(bin_size=False, bin_size_file=False).file
            annex.sha256 = content and hashlib.sha256(_decode(content)).hexdigest()

    @api.onchange("file_name")
    def _onchange_file_name(self):
        if self.file_name and not self.name:
            self.name = self.file_name.rpartition(".")[0] or self.file_name

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"sha256", *CHECK_FIELDS}

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_file(vals.get("file"), vals.get("name"))
        annexes = super(IaasContractAnnex, self._with_file()).create(vals_list)
        return annexes.with_env(self.env)

    def write(self, vals):
        if not self._are_terms(vals):
            return super().write(vals)
        if "file" in vals:
            self._check_file(vals["file"], vals.get("name") or self[:1].name)
        self._check_frozen()
        return super(IaasContractAnnex, self._with_file()).write(vals)

    def unlink(self):
        self._check_frozen()
        return super(IaasContractAnnex, self._with_file()).unlink()

    @api.model
    def _are_terms(self, vals):
        return bool(vals.keys() - CHECK_FIELDS)

    def copy_data(self, default=None):
        # The web client asks for the sizes of files in place of the files.
        annexes = self.with_context(bin_size=False, bin_size_file=False)
        return super(IaasContractAnnex, annexes).copy_data(default)

    def _with_file(self):
        """From here the file may be set. Its bytes are kept as they are: Odoo would
        make large pictures smaller."""
        return self.with_context(
            iaas_annex_file=ANNEX_FILE,
            image_no_postprocess=True,
            bin_size=False,
            bin_size_file=False,
        )

    def _check_frozen(self):
        """Refuse changes of what was submitted or signed, in every mode."""
        for annex in self:
            if annex.version_id and annex.version_id.state != "draft":
                raise UserError(
                    self.env._(
                        "%(annex)s is part of %(version)s and is kept as it was "
                        "submitted. Amend the contract to replace or withdraw it.",
                        annex=annex.name,
                        version=annex.version_id.display_name,
                    )
                )

    @api.model
    def _check_file(self, content, name):
        """Refuse what is no file, an empty one and one that is too large."""
        name = name or self.env._("The annex")
        try:
            size = len(_decode(content or b""))
        except (binascii.Error, ValueError):
            raise UserError(
                self.env._(
                    "The file of %(annex)s cannot be read: it is not encoded as "
                    "base64. Upload it again.",
                    annex=name,
                )
            ) from None
        if not size:
            raise UserError(
                self.env._(
                    "%(annex)s has no file, or an empty one: upload the file that is "
                    "agreed on.",
                    annex=name,
                )
            )
        if size > LARGEST_FILE:
            raise UserError(
                self.env._(
                    "The file of %(annex)s has %(size)s MB; an annex may have "
                    "%(limit)s MB. Upload a smaller file, or split it into several "
                    "annexes.",
                    annex=name,
                    size=-(-size // MEGABYTE),
                    limit=LARGEST_FILE // MEGABYTE,
                )
            )

    # === ACTIONS ===

    def action_download(self):
        """The file, as it was uploaded."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/file"
            "?download=true&filename_field=file_name",
            "target": "download",
        }

    # === BUSINESS ===

    def _copy_values(self):
        self.ensure_one()
        annex = self.with_context(bin_size=False, bin_size_file=False)
        names = ("sequence", "name", "description", "file", "file_name")
        return {name: annex[name] for name in names}

    def _sealed_attachment(self):
        return self.env["ir.attachment"].search(
            [
                ("res_model", "=", self._name),
                ("res_field", "=", "file"),
                ("res_id", "=", self.id),
            ]
        )

    def _sealed_contract(self):
        return self.contract_id or self.version_id.contract_id

    def _broken_message(self):
        return self.env._(
            "The file of %(annex)s is not the one that was agreed on: its bytes were "
            "changed since. Set the contract back to draft, upload the right file and "
            "send it again, and ask who changed it.",
            annex=self.name,
        )

    def _download_name(self):
        self.ensure_one()
        return self.file_name or self.name


def _decode(content):
    """The bytes of a file, decoded as Odoo does when it stores them."""
    return base64.b64decode(content)
