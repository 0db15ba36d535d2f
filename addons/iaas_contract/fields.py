"""A field for numbers that must stay exact from the input to the invoice line.

Odoo's own ``Float`` and ``Monetary`` hand binary floats to Python even over a
``numeric`` column, because its cursor casts every numeric to float. Prices,
quantities and rated amounts may not pass through one (billing rule "Numbers").
"""

from decimal import Decimal as PythonDecimal
from decimal import InvalidOperation

from odoo import api, fields, models
from odoo.tools import SQL, Query
from odoo.tools.misc import SENTINEL

ZERO = PythonDecimal(0)


class Decimal(fields.Float):
    """A ``numeric`` column without a fixed scale, seen as ``decimal.Decimal``.

    The model must inherit ``iaas.decimal.mixin``, which reads the column as text.
    An empty column reads as ``Decimal(0)``, as ``Float`` does. Clients get a float,
    for display, and send the shortest text of what was typed, which is exact. Sums
    of ``_read_group`` are floats too: for screens, not for calculations.
    """

    falsy_value = ZERO

    def __init__(self, string=SENTINEL, min_display_digits=2, **kwargs):
        super().__init__(
            string=string, digits=False, min_display_digits=min_display_digits, **kwargs
        )

    def convert_to_cache(self, value, record, validate=True):
        return self._to_decimal(value)

    def convert_to_column(self, value, record, values=None, validate=True):
        return self._to_decimal(value)

    def convert_to_record(self, value, record):
        return ZERO if value is None else value

    def convert_to_read(self, value, record, use_display_name=True):
        return float(value)

    def convert_to_write(self, value, record):
        return self._to_decimal(value)

    def convert_to_export(self, value, record):
        return f"{value:f}"

    def convert_to_display_name(self, value, record):
        return f"{value:f}"

    def _to_decimal(self, value):
        """The exact value of a Decimal, int, text or (shortest text of a) float."""
        if isinstance(value, PythonDecimal):
            number = value
        else:
            try:
                number = PythonDecimal(str(value or 0))
            except InvalidOperation as error:
                raise ValueError(f"{self}: {value!r} is not a number") from error
        if not number.is_finite():
            raise ValueError(f"{self}: {value!r} is not a finite number")
        return number


class DecimalMixin(models.AbstractModel):
    """Reads the ``Decimal`` fields of a model as text, hence without loss."""

    _name = "iaas.decimal.mixin"
    _description = "Exact decimal fields"

    @api.model
    def _fetch_query(self, query, fields):
        exact = [field for field in fields if isinstance(field, Decimal)]
        if not exact:
            return super()._fetch_query(query, fields)
        others = [field for field in fields if not isinstance(field, Decimal)]
        fetched = super()._fetch_query(query, others)
        if not fetched:
            return fetched
        text_query = Query(self.env, self._table, self._table_sql)
        text_query.set_result_ids(fetched._ids, ordered=False)
        columns = [SQL.identifier(self._table, "id")]
        for field in exact:
            # Pending values stay in the cache, hence nothing is flushed to be read.
            column = self._field_to_sql(self._table, field.name, text_query)
            columns.append(SQL("%s::text", SQL(column.code, *column.params)))
        rows = self.env.execute_query(text_query.select(*columns))
        ids, *texts = zip(*rows, strict=True)
        for field, values in zip(exact, texts, strict=True):
            numbers = [ZERO if text is None else PythonDecimal(text) for text in values]
            field._insert_cache(self.browse(ids), numbers)
        return fetched
