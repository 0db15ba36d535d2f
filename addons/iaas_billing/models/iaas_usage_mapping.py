from datetime import datetime
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from ..metering import Layout, is_focus

_SAMPLE = datetime(2026, 3, 31, 23, 59, 58)


class IaasUsageMapping(models.Model):
    """Which column of a source's files is what."""

    _name = "iaas.usage.mapping"
    _description = "Usage File Columns"
    _order = "source_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    source_id = fields.Many2one(
        "iaas.usage.source", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="source_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(
        [("columns", "Own columns"), ("focus", "FOCUS 1.2")],
        string="Format",
        required=True,
        default="columns",
    )
    subject_column = fields.Char(
        string="Resource", help="The column that names the resource."
    )
    time_column = fields.Char(string="Time", help="The column with the time of use.")
    value_column = fields.Char(string="Quantity")
    type_column = fields.Char(
        string="Type of Usage",
        help="The column that names what was metered. For FOCUS: SkuMeter, where that "
        "is empty SkuId, unless you name another column.",
    )
    meter_id = fields.Many2one(
        "iaas.meter",
        string="Meter of All Lines",
        ondelete="restrict",
        help="For files that hold one type of usage only.",
    )
    id_column = fields.Char(
        string="Identity",
        help="The column that tells lines apart for good. Without one, a line is known "
        "by its resource, type, time and dimensions.",
    )
    time_format = fields.Char(
        help="As in %d/%m/%Y %H:%M. ISO 8601 (2026-03-31T23:59:58Z) needs none."
    )
    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        help="The zone of times that don't name theirs. Without it they are refused.",
    )
    decimal_comma = fields.Boolean(help="Numbers are written 1.234,56.")
    dimensions = fields.Char(
        help="The columns to keep as dimensions, separated by commas. Empty: all that "
        "are nothing else."
    )

    @api.constrains(
        "kind",
        "subject_column",
        "time_column",
        "value_column",
        "type_column",
        "meter_id",
    )
    def _check_columns(self):
        for mapping in self:
            if mapping.kind == "focus":
                continue
            if not mapping.subject_column or not mapping.time_column:
                raise ValidationError(
                    self.env._(
                        "%(mapping)s: name the columns of the resource and of the "
                        "time.",
                        mapping=mapping.name,
                    )
                )
            if bool(mapping.type_column) == bool(mapping.meter_id):
                raise ValidationError(
                    self.env._(
                        "%(mapping)s: name either the column with the type of usage "
                        "or the meter of all lines.",
                        mapping=mapping.name,
                    )
                )
            counts = mapping.meter_id.aggregation == "count"
            if not mapping.value_column and mapping.meter_id and not counts:
                raise ValidationError(
                    self.env._(
                        "%(mapping)s: name the column of the quantity.",
                        mapping=mapping.name,
                    )
                )

    @api.constrains("time_format")
    def _check_time_format(self):
        for mapping in self.filtered("time_format"):
            try:
                text = _SAMPLE.strftime(mapping.time_format)
                known = datetime.strptime(text, mapping.time_format)  # noqa: DTZ007
            except ValueError:
                known = None
            if not known or known.date() != _SAMPLE.date():
                raise ValidationError(
                    self.env._(
                        "The time format %(format)s does not give day, month and "
                        "year: write it like %%d/%%m/%%Y %%H:%%M.",
                        format=mapping.time_format,
                    )
                )

    def _fits(self, names):
        """Whether a file with these columns can be read with the mapping."""
        if self.kind == "focus":
            return is_focus(names) and (
                not self.type_column or self.type_column in names
            )
        columns = {
            self.id_column,
            self.type_column,
            self.subject_column,
            self.time_column,
            self.value_column,
        }
        return columns - {False} <= names

    def _get_layout(self):
        """The ``metering.Layout`` of files with own columns."""
        dimensions = None
        if self.dimensions:
            names = (name.strip() for name in self.dimensions.split(","))
            dimensions = tuple(name for name in names if name)
        return Layout(
            id=self.id_column or "",
            type=self.type_column or "",
            subject=self.subject_column or "",
            time=self.time_column or "",
            value=self.value_column or "",
            fixed_type=self.meter_id.code or "",
            time_format=self.time_format or "",
            zone=ZoneInfo(self.tz) if self.tz else None,
            decimal_comma=self.decimal_comma,
            dimensions=dimensions,
        )
