import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import split_every

_logger = logging.getLogger(__name__)

CHECK_BATCH = 100
CHECK_DAYS = 6
TAMPERED_ACTIVITY = "iaas_contract.mail_activity_type_tampered"


class IaasSealedFileMixin(models.AbstractModel):
    """Records whose file is known by the SHA-256 of its bytes, kept in ``sha256``: it
    is found out when somebody changes the bytes behind the system's back."""

    _name = "iaas.sealed.file.mixin"
    _description = "Sealed Files"

    is_tampered = fields.Boolean(
        readonly=True,
        copy=False,
        help="The file was not the one that was made, when it was last checked.",
    )
    checked_date = fields.Datetime(string="Last Checked", readonly=True, copy=False)

    # === ACTIONS ===

    def action_check_integrity(self):
        """Compare the files with the digests kept of them and say what came out."""
        self.check_access("read")
        broken = self._check_integrity()
        if not broken:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "success",
                    "message": self.env._(
                        "%(count)s documents checked: all are as they were made.",
                        count=len(self),
                    ),
                    "next": {"type": "ir.actions.act_window_close"},
                },
            }
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Tampered Documents"),
            "res_model": self._name,
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", broken.ids)],
        }

    # === BUSINESS ===

    def _sealed_attachment(self):
        """The file of the record."""
        raise NotImplementedError

    def _sealed_contract(self):
        """The contract whose owner is told."""
        return self.contract_id

    def _broken_message(self):
        return self.env._(
            "%(document)s is not the file that was made: its bytes were changed since. "
            "Set the contract back to draft and send it again, and ask who changed the "
            "file.",
            document=self.name,
        )

    def _is_intact(self):
        """Whether the file is, byte by byte, the one that was made."""
        self.ensure_one()
        # The web client asks for the sizes of files in place of the files.
        record = self.sudo().with_context(bin_size=False, bin_size_raw=False)
        attachment = record._sealed_attachment()
        # What another process changed behind our back is not in the cache.
        attachment.invalidate_recordset(["raw", "datas"])
        sha256 = record.env["iaas.contract.paper"]._sha256
        return len(attachment) == 1 and sha256(attachment.raw or b"") == record.sha256

    def _verify(self):
        """Refuse to go on with a file that is not the one that was made."""
        for record in self:
            if not record._is_intact():
                raise UserError(record._broken_message())

    def _check_integrity(self):
        """Note which files are not the ones that were made, and tell the owner.

        :return: the tampered records
        """
        now = fields.Datetime.now()
        broken = self.filtered(lambda record: not record._is_intact())
        found = broken.filtered(lambda record: not record.is_tampered)
        # As superuser: the fields that no client may set.
        (self - broken).sudo().write({"is_tampered": False, "checked_date": now})
        broken.sudo().write({"is_tampered": True, "checked_date": now})
        for record in found:
            contract = record._sealed_contract().sudo()
            contract.activity_schedule(
                TAMPERED_ACTIVITY,
                note=self.env._(
                    "%(document)s is not the file that was made: its bytes were "
                    "changed since.",
                    document=record.name,
                ),
                user_id=contract._responsible().id,
            )
        return broken

    @api.model
    def _cron_check_integrity(self):
        """Weekly: every file, those that were not looked at for longest first. Where
        time is over before all are, the next call has only the others left."""
        since = fields.Datetime.subtract(fields.Datetime.now(), days=CHECK_DAYS)
        due = self.search(
            Domain("checked_date", "=", False) | Domain("checked_date", "<", since),
            order="checked_date NULLS FIRST, id",
        )
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(due))
        for batch in split_every(CHECK_BATCH, due.ids, self.browse):
            broken = batch._check_integrity()
            if broken:
                _logger.warning("Tampered files: %s %s", self._name, broken.ids)
            if not progress._commit_progress(len(batch)):
                break
