import base64

from odoo import api, models
from odoo.exceptions import UserError

# What makes a file the file that it is, and where it hangs.
BOUND_FIELDS = {
    "name",
    "raw",
    "datas",
    "db_datas",
    "store_fname",
    "checksum",
    "file_size",
    "mimetype",
    "type",
    "url",
    "res_model",
    "res_field",
    "res_id",
    "company_id",
}


ANNEX = "iaas.contract.annex"
# Context value of ``iaas_annex_file`` while an annex sets its file. No client can send
# this very object.
ANNEX_FILE = object()


class IrAttachment(models.Model):
    """The files of contract documents are not changed by anybody, in no mode, and
    those of annexes only with the annex, which knows whether it may change."""

    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        attachments = super().create(vals_list)
        attachments._check_annex_file()
        return attachments

    def write(self, vals):
        touched = BOUND_FIELDS & vals.keys()
        if touched:
            for attachment in self._bound_to_documents() | self._bound_to_annexes():
                if any(attachment._would_change(name, vals[name]) for name in touched):
                    attachment._refuse_change()
        result = super().write(vals)
        if vals.get("res_model") == ANNEX:
            self._check_annex_file()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_contract_document(self):
        for attachment in self._bound_to_documents() | self._bound_to_annexes():
            attachment._refuse_change()

    def _bound_to_documents(self):
        """Those of these files that are contract documents."""
        documents = (
            self.env["iaas.contract.document"]
            .sudo()
            .search([("attachment_id", "in", self.ids)])
        )
        return documents.attachment_id.filtered("res_id")

    def _bound_to_annexes(self):
        """Those of these files that hang on annexes, unless the annex sets its file."""
        if self.env.context.get("iaas_annex_file") is ANNEX_FILE:
            return self.browse()
        return self.filtered(lambda attachment: attachment.res_model == ANNEX)

    def _check_annex_file(self):
        """Refuse to hang another file on an annex behind its back."""
        for attachment in self._bound_to_annexes():
            attachment._refuse_change()

    def _would_change(self, name, value):
        """Whether writing this would change the file: to move it to another storage,
        Odoo writes the same bytes again."""
        self.ensure_one()
        if name in ("raw", "datas"):
            if name == "datas":
                value = base64.b64decode(value or b"")
            elif isinstance(value, str):
                value = value.encode()
            mine = self.with_context(bin_size=False, bin_size_raw=False)
            return (value or b"") != (mine.raw or b"")
        field = self._fields[name]
        old = field.convert_to_cache(self[name], self)
        return field.convert_to_cache(value, self) != old

    def _refuse_change(self):
        if self.res_model == ANNEX:
            raise UserError(
                self.env._(
                    "This is the file of a contract annex: change it on the page "
                    "Annexes of the contract or of an amendment."
                )
            )
        raise UserError(
            self.env._(
                "%(file)s is a contract document and is kept as it was made. Set the "
                "contract back to draft and send it again to make another one.",
                file=self.name,
            )
        )
