from odoo import fields, models


class IaasUsageReject(models.Model):
    """A line of a usage file that was not taken."""

    _name = "iaas.usage.reject"
    _description = "Rejected Usage Line"
    _order = "import_id desc, position"
    _rec_name = "event_id"

    import_id = fields.Many2one(
        "iaas.usage.import", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="import_id.company_id", store=True, index=True, precompute=True
    )
    position = fields.Integer(
        string="Line", required=True, aggregator=None, help="Line of the file."
    )
    event_id = fields.Char()
    reason = fields.Selection(
        [
            ("malformed_event", "Malformed line"),
            ("unknown_source", "Unknown source"),
            ("source_not_allowed", "Other source"),
            ("unknown_meter", "Unknown meter"),
            ("unknown_resource", "Unknown resource"),
            ("invalid_time", "Invalid time"),
            ("time_without_zone", "Time without zone"),
            ("not_a_number", "Not a number"),
            ("negative_quantity", "Negative quantity"),
            ("duplicate_id", "Id used with another content"),
        ],
        required=True,
    )
    detail = fields.Char(required=True)
    raw = fields.Text(string="Line as it came", required=True)
