import base64

from odoo import Command

from .common_signing import IaasSigningCommon

SERVICES = b"%PDF-1.4 Service description, first edition"
PRIVACY = b"%PDF-1.4 Data processing agreement"


class IaasAnnexCommon(IaasSigningCommon):
    """Contracts with files annexed to them."""

    @classmethod
    def _annex_values(cls, content=SERVICES, **values):
        return {
            "name": "Service description",
            "file": base64.b64encode(content),
            "file_name": "services.pdf",
            **values,
        }

    def _sent_with_annex(self, content=SERVICES, **values):
        return self._sent(
            annex_ids=[Command.create(self._annex_values(content))], **values
        )

    def _bytes(self, annex):
        return annex.sudo().with_context(bin_size=False)._sealed_attachment().raw

    def _swap_bytes(self, annex, content=b"%PDF-1.4 something else"):
        """Change the bytes of the file by SQL, as nobody may."""
        other = self.env["ir.attachment"].create({"name": "other", "raw": content})
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE ir_attachment mine
                  SET store_fname = other.store_fname, db_datas = other.db_datas
                 FROM ir_attachment other
                WHERE mine.id = %s AND other.id = %s""",
            [annex.sudo()._sealed_attachment().id, other.id],
        )
        self.env.invalidate_all()
