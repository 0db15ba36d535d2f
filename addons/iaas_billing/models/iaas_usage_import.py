import base64
from hashlib import sha256

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..metering import Refused, decode_text, read_csv, read_ndjson, write_csv_rejects


class IaasUsageImport(models.Model):
    """A file of usage events: what was good is stored, what was not waits here."""

    _name = "iaas.usage.import"
    _description = "Usage Import"
    _inherit = ["iaas.gated.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(string="File Name", required=True)
    file = fields.Binary(attachment=True, required=True, copy=False)
    source_id = fields.Many2one(
        "iaas.usage.source",
        required=True,
        index=True,
        ondelete="restrict",
        help="Where the events come from. Their ids must be unique for this source.",
    )
    company_id = fields.Many2one(
        related="source_id.company_id", store=True, index=True, precompute=True
    )
    state = fields.Selection(
        [
            ("draft", "To Import"),
            ("rejects", "Imported with Rejects"),
            ("done", "Imported"),
        ],
        string="Status",
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )
    checksum = fields.Char(
        string="SHA-256", readonly=True, copy=False, help="Recognises the same file."
    )
    imported_at = fields.Datetime(string="Imported on", readonly=True, copy=False)
    accepted_count = fields.Integer(string="Stored", readonly=True, copy=False)
    duplicate_count = fields.Integer(
        string="Known Already",
        readonly=True,
        copy=False,
        help="Sent before with the same content: nothing to do.",
    )
    reject_ids = fields.One2many(
        "iaas.usage.reject", "import_id", string="Rejects", readonly=True, copy=False
    )
    reject_count = fields.Integer(string="Rejected", readonly=True, copy=False)
    reject_file = fields.Binary(
        string="Rejects to Mend",
        compute="_compute_reject_file",
        help="The refused lines as they came. Mend them and import the file.",
    )
    reject_file_name = fields.Char(compute="_compute_reject_file_name")

    _checksum_unique = models.UniqueIndex(
        "(company_id, checksum)", "This file was imported already."
    )

    def _compute_reject_file(self):
        for usage_import in self:
            content = usage_import._write_rejects() if usage_import.reject_ids else ""
            usage_import.reject_file = base64.b64encode(content.encode()) or False

    @api.depends("name")
    def _compute_reject_file_name(self):
        for usage_import in self:
            usage_import.reject_file_name = f"rejects-{usage_import.name}"

    @api.model
    def _get_gated_fields(self):
        # Evidence of the import; the checksum keeps a file from coming twice.
        return super()._get_gated_fields() | {
            "state",
            "checksum",
            "imported_at",
            "accepted_count",
            "duplicate_count",
            "reject_count",
        }

    def write(self, vals):
        if {"file", "source_id"} & vals.keys() and any(
            usage_import.state != "draft" for usage_import in self
        ):
            raise UserError(
                self.env._("This file was imported already. Make a new import.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_draft(self):
        for usage_import in self:
            if usage_import.state != "draft":
                raise UserError(
                    self.env._(
                        "%(file)s was imported: it is the evidence of its events and "
                        "cannot be deleted.",
                        file=usage_import.name,
                    )
                )

    def action_import(self):
        """Store the good lines of the file; keep the others as rejects."""
        for usage_import in self:
            usage_import.check_access("write")
            if usage_import.state != "draft":
                raise UserError(
                    self.env._("%(file)s was imported already.", file=usage_import.name)
                )
            usage_import._import()

    def action_view_usage(self):
        """Open the usage events that came with the file."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_event_action"
        )
        return action | {
            "domain": [("import_id", "in", self.ids)],
            "context": {},
        }

    def _import(self):
        self._set_checksum()
        try:
            result = self.env["iaas.usage.event"]._ingest(
                self._read_entries(), self.source_id, partial=True, usage_import=self
            )
        except Refused as refused:
            raise UserError(
                self.env._(
                    "%(file)s can't be read: %(reason)s",
                    file=self.name,
                    reason=refused.detail,
                )
            ) from refused
        self._keep_rejects(result.refusals)
        self.sudo().write(
            {
                "state": "rejects" if result.refusals else "done",
                "imported_at": fields.Datetime.now(),
                "accepted_count": result.accepted,
                "duplicate_count": result.duplicates,
                "reject_count": len(result.refusals),
            }
        )

    def _set_checksum(self):
        checksum = sha256(self._get_content()).hexdigest()
        same = self.search(
            [("company_id", "=", self.company_id.id), ("checksum", "=", checksum)],
            limit=1,
        )
        if same:
            raise UserError(
                self.env._(
                    "This very file was imported as %(file)s on %(time)s. Nothing was "
                    "imported again.",
                    file=same.name,
                    time=same.imported_at,
                )
            )
        self.sudo().checksum = checksum

    def _get_content(self):
        return base64.b64decode(self.file or b"")

    def _is_csv(self):
        return not self.name.lower().endswith((".ndjson", ".jsonl"))

    def _read_entries(self):
        text = decode_text(self._get_content())
        if self._is_csv():
            meters = self.env["iaas.meter"]._get_by_code()
            return read_csv(text, self.source_id.code, meters)
        return read_ndjson(text)

    def _keep_rejects(self, refusals):
        by_position = {refusal.position: refusal for refusal in refusals}
        self.env["iaas.usage.reject"].sudo().create(
            [
                {
                    "import_id": self.id,
                    "position": entry.position,
                    "event_id": by_position[entry.position].event_id,
                    "reason": by_position[entry.position].reason,
                    "detail": by_position[entry.position].detail,
                    "raw": entry.raw.replace("\x00", "\N{REPLACEMENT CHARACTER}"),
                }
                for entry in (self._read_entries() if refusals else ())
                if entry.position in by_position
            ]
        )

    def _write_rejects(self):
        if self._is_csv():
            return write_csv_rejects(
                decode_text(self._get_content()),
                [(line.position, line.detail, line.raw) for line in self.reject_ids],
            )
        return "".join(f"{line.raw}\n" for line in self.reject_ids)
