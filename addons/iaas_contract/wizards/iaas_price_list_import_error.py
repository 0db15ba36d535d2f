from odoo import fields, models


class IaasPriceListImportError(models.TransientModel):
    _name = "iaas.price.list.import.error"
    _description = "Mistake in a Price List File"
    _order = "row, id"

    import_id = fields.Many2one(
        "iaas.price.list.import", required=True, ondelete="cascade"
    )
    row = fields.Integer()
    column = fields.Char()
    value = fields.Char()
    reason = fields.Char()
