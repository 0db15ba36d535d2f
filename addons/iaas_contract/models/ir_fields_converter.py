from decimal import Decimal as PythonDecimal
from decimal import InvalidOperation

from odoo import api, models

from ..fields import Decimal


class IrFieldsConverter(models.AbstractModel):
    _inherit = "ir.fields.converter"

    @api.model
    def _str_to_float(self, model, field, value, savepoint):
        """Imported text of an exact field never passes through a binary float."""
        if isinstance(field, Decimal):
            try:
                number = PythonDecimal(value)
            except InvalidOperation:
                number = None
            if number is not None and number.is_finite():
                return number, []
        return super()._str_to_float(model, field, value, savepoint)
