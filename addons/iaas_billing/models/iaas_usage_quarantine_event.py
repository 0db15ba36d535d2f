import json

from odoo import api, fields, models
from odoo.exceptions import UserError


class IaasUsageQuarantineEvent(models.Model):
    """A usage event as it came, waiting until what it speaks of is known."""

    _name = "iaas.usage.quarantine.event"
    _description = "Usage Event in Quarantine"
    _order = "id desc"
    _rec_name = "event_id"

    quarantine_id = fields.Many2one(
        "iaas.usage.quarantine", required=True, readonly=True, ondelete="restrict"
    )
    source_id = fields.Many2one(
        "iaas.usage.source", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    import_id = fields.Many2one(
        "iaas.usage.import", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    received_at = fields.Datetime(string="Received", required=True, readonly=True)
    event_id = fields.Char(readonly=True)
    content_key = fields.Char(required=True, readonly=True)
    # Text, since JSON columns reach Python with binary floats.
    payload = fields.Text(required=True, readonly=True)
    type = fields.Char(compute="_compute_content")
    subject = fields.Char(string="Resource", compute="_compute_content")
    time = fields.Char(compute="_compute_content")
    value = fields.Char(string="Data", compute="_compute_content")
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("stored", "Taken In"),
            ("dismissed", "Dismissed"),
        ],
        string="Status",
        required=True,
        readonly=True,
    )
    detail = fields.Char(readonly=True)

    _content_unique = models.Constraint(
        "UNIQUE (source_id, content_key)", "The same event waits already."
    )
    _waiting = models.Index("(quarantine_id, state, id)")

    @api.depends("payload")
    def _compute_content(self):
        for event in self:
            content = json.loads(event.payload)
            for name in ("type", "subject", "time"):
                text = content.get(name)
                event[name] = text if isinstance(text, str) else str(text or "")
            data = content.get("data")
            event.value = (
                ", ".join(f"{name}: {value}" for name, value in data.items())
                if isinstance(data, dict)
                else str(data or "")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Usage events are evidence: they are kept."))
