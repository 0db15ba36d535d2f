from decimal import Decimal

from odoo import api, models


class IrQwebFieldMonetary(models.AbstractModel):
    _inherit = "ir.qweb.field.monetary"

    @api.model
    def value_to_html(self, value, options):
        """Exact numbers are shown like Odoo's own, which are floats."""
        if isinstance(value, Decimal):
            value = float(value)
        return super().value_to_html(value, options)
