import base64
import os
from hashlib import sha256

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..metering import Refused, storable


class IaasUsageImport(models.Model):
    """A file of usage events: what was good is stored, what is unknown is in
    quarantine, what was refused waits here."""

    _name = "iaas.usage.import"
    _description = "Usage Import"
    _inherit = ["iaas.gated.mixin", "mail.thread", "mail.activity.mixin"]
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
    mapping_id = fields.Many2one(
        "iaas.usage.mapping",
        string="Columns",
        domain="[('source_id', '=', source_id)]",
        compute="_compute_mapping_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="restrict",
        check_company=True,
        help="Which column is what. Empty: the columns of our template, or those of "
        "FOCUS.",
    )
    state = fields.Selection(
        [
            ("draft", "To Check"),
            ("checked", "Checked"),
            ("rejects", "Imported with Rejects"),
            ("done", "Imported"),
            ("declined", "Declined"),
            ("failed", "Unreadable"),
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
    from_folder = fields.Char(readonly=True, copy=False, help="Where it was found.")
    imported_at = fields.Datetime(string="Imported on", readonly=True, copy=False)
    received_count = fields.Integer(
        string="Lines",
        readonly=True,
        copy=False,
        help="Stored, known already, in quarantine, without usage and rejected.",
    )
    accepted_count = fields.Integer(string="Stored", readonly=True, copy=False)
    duplicate_count = fields.Integer(
        string="Known Already",
        readonly=True,
        copy=False,
        help="Sent before with the same content: nothing to do.",
    )
    quarantined_count = fields.Integer(
        string="In Quarantine",
        readonly=True,
        copy=False,
        help="Of an unknown type or resource when the file was imported.",
    )
    ignored_count = fields.Integer(
        string="Without Usage",
        readonly=True,
        copy=False,
        help="Rows of a FOCUS file that are no usage: taxes, credits, purchases.",
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
    failure = fields.Text(readonly=True, copy=False)

    _checksum_unique = models.UniqueIndex(
        "(company_id, checksum)", "This file was imported already."
    )

    @api.depends("source_id")
    def _compute_mapping_id(self):
        for usage_import in self:
            usage_import.mapping_id = usage_import.source_id.mapping_ids[:1]

    def _compute_reject_file(self):
        for usage_import in self:
            content = usage_import._write_rejects() if usage_import.reject_ids else ""
            usage_import.reject_file = base64.b64encode(content.encode()) or False

    @api.depends("name")
    def _compute_reject_file_name(self):
        for usage_import in self:
            name = (usage_import.name or "").removesuffix(".gz")
            stem, ending = os.path.splitext(name)
            if ending.lower() in (".xlsx", ".xlsm"):
                name = f"{stem}.csv"
            usage_import.reject_file_name = f"rejects-{name}"

    @api.model
    def _get_gated_fields(self):
        # Evidence of the import; the checksum keeps a file from coming twice.
        return super()._get_gated_fields() | {
            "company_id",
            "state",
            "checksum",
            "from_folder",
            "imported_at",
            "received_count",
            "accepted_count",
            "duplicate_count",
            "quarantined_count",
            "ignored_count",
            "reject_count",
            "failure",
        }

    def write(self, vals):
        if {"file", "source_id", "mapping_id", "name"} & vals.keys():
            if any(one.state not in ("draft", "checked") for one in self):
                raise UserError(
                    self.env._("This file was imported already. Make a new import.")
                )
            checked = self.filtered(lambda one: one.state == "checked")
            if checked and vals.keys() & {"file", "source_id", "mapping_id"}:
                # What was checked is no longer what would be imported.
                checked.sudo()._forget_preview()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_draft(self):
        for usage_import in self:
            if usage_import.state not in ("draft", "checked", "declined", "failed"):
                raise UserError(
                    self.env._(
                        "%(file)s was imported: it is the evidence of its events and "
                        "cannot be deleted.",
                        file=usage_import.name,
                    )
                )

    # === ACTIONS ===

    def action_import(self):
        """Store the good lines of the file; keep the others as rejects."""
        for usage_import in self:
            usage_import._check_pending()
            usage_import._import()

    def action_decline(self):
        """Set the file aside without importing anything of it."""
        for usage_import in self:
            usage_import._check_pending()
        # The state follows from the buttons only.
        self.sudo().state = "declined"

    def action_view_usage(self):
        """Open the usage events that came with the file."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_event_action"
        )
        return action | {
            "domain": [("import_id", "in", self.ids)],
            "context": {},
        }

    def action_view_quarantine(self):
        """Open what of the file is or was in quarantine."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_quarantine_action"
        )
        return action | {
            "domain": [("event_ids.import_id", "in", self.ids)],
            "context": {},
        }

    def _check_pending(self):
        self.check_access("write")
        if self.state not in ("draft", "checked"):
            raise UserError(
                self.env._("%(file)s was imported already.", file=self.name)
                if self.state != "declined"
                else self.env._("%(file)s was declined.", file=self.name)
            )

    # === BUSINESS ===

    def _import(self):
        checksum = self._check_new()
        self.sudo().checksum = checksum
        taken = self._reading(
            lambda: self.env["iaas.usage.event"]._take_in(
                self._read_entries, self.source_id, usage_import=self
            )
        )
        self._keep_rejects(taken.refused)
        # Users may import, but what came of it is not theirs to write.
        self.sudo().write(
            {
                "state": "rejects" if taken.refused else "done",
                "imported_at": fields.Datetime.now(),
                "received_count": taken.received,
                "accepted_count": taken.accepted,
                "duplicate_count": taken.duplicates,
                "quarantined_count": taken.quarantined,
                "ignored_count": taken.ignored,
                "reject_count": len(taken.refused),
            }
        )

    def _reading(self, read):
        """What ``read`` returns; a file that can't be read is told to the user."""
        try:
            return read()
        except Refused as refused:
            raise UserError(
                self.env._(
                    "%(file)s can't be read: %(reason)s",
                    file=self.name,
                    reason=refused.detail,
                )
            ) from refused

    def _check_new(self):
        """The checksum of a file that was not imported yet."""
        content = self._reading(self._get_content)
        checksum = sha256(content).hexdigest()
        # Another user's import counts too.
        same = self.sudo().search(
            [("company_id", "=", self.company_id.id), ("checksum", "=", checksum)],
            limit=1,
        )
        if same:
            raise UserError(
                self.env._(
                    "This very file was imported as %(file)s on %(time)s. Nothing was "
                    "imported again.",
                    file=same.name,
                    time=format_datetime(self.env, same.imported_at),
                )
            )
        return checksum

    def _keep_rejects(self, refused):
        # Rejects are evidence: users read them.
        self.env["iaas.usage.reject"].sudo().create(
            [
                {
                    "import_id": self.id,
                    "position": refusal.position,
                    "event_id": storable(refusal.event_id or ""),
                    "reason": refusal.reason,
                    "detail": storable(refusal.detail),
                    "raw": storable(entry.raw),
                }
                for entry, refusal in refused
            ]
        )
