from odoo import api, fields, models


class IaasPriceListImportLine(models.TransientModel):
    _name = "iaas.price.list.import.line"
    _description = "Price Change to Import"
    _order = "sequence, id"

    import_id = fields.Many2one(
        "iaas.price.list.import", required=True, ondelete="cascade"
    )
    sequence = fields.Integer(compute="_compute_sequence", store=True)
    product_id = fields.Many2one("product.product", string="Service")
    dimension_text = fields.Char(string="Dimensions")
    kind = fields.Selection(
        [
            ("new", "New"),
            ("changed", "Changed"),
            ("ended", "Ended"),
            ("unchanged", "Unchanged"),
        ]
    )
    old_summary = fields.Text(string="Until Then")
    new_summary = fields.Text(string="From Then On")
    change_text = fields.Char(string="Change")

    @api.depends("kind")
    def _compute_sequence(self):
        """What ends or changes is seen first."""
        order = ["ended", "changed", "new", "unchanged"]
        for line in self:
            line.sequence = order.index(line.kind)
