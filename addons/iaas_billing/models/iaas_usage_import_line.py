from odoo import fields, models

from odoo.addons.iaas_contract.fields import Decimal


class IaasUsageImportLine(models.Model):
    """What a checked file holds of a meter, of a resource, or of an unknown name."""

    _name = "iaas.usage.import.line"
    _description = "Content of a Usage File"
    _inherit = ["iaas.decimal.mixin"]
    _order = "import_id, id"
    _rec_name = "label"

    import_id = fields.Many2one(
        "iaas.usage.import", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="import_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(
        [
            ("meter", "Meter"),
            ("resource", "Resource"),
            ("unknown", "Unknown, to quarantine"),
            ("refused", "Refused"),
        ],
        required=True,
    )
    label = fields.Char(string="Name at the Source", required=True)
    meter_id = fields.Many2one("iaas.meter", ondelete="cascade")
    resource_id = fields.Many2one("iaas.resource", ondelete="cascade")
    partner_id = fields.Many2one(related="resource_id.partner_id", string="Customer")
    event_count = fields.Integer(string="Lines")
    quantity = Decimal()
    uom_id = fields.Many2one(related="meter_id.uom_id", string="Unit")
    date_first = fields.Datetime(string="First")
    date_last = fields.Datetime(string="Last")
