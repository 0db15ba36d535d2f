from decimal import Decimal, localcontext

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..metering import Meter

_CONVERSION_DIGITS = 60
ADDITIVE = ("sum", "count", "time_weighted")
#: Of these the days can be added up.
SUMMED = ("sum", "count")


class IaasMeter(models.Model):
    """Turns the usage events of one type into the billed quantity of a product."""

    _name = "iaas.meter"
    _description = "Meter"
    _order = "name, id"
    _rec_names_search = ["name", "code"]

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        copy=False,
        index=True,
        help="The type of the events it counts (CloudEvents type), e.g. vm.hours.",
    )
    active = fields.Boolean(default=True)
    product_id = fields.Many2one(
        "product.product",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('is_iaas', '=', True), ('iaas_charge_kind', '=', 'usage')]",
        help="What its quantity is billed as.",
    )
    categ_id = fields.Many2one(
        related="product_id.categ_id", string="Product Family", store=True
    )
    aggregation = fields.Selection(
        [
            ("sum", "Sum"),
            ("max", "Maximum"),
            ("count", "Number of events"),
            ("count_unique", "Number of distinct values"),
            ("latest", "Latest value"),
            ("time_weighted", "Level over time (unit-hours)"),
            ("percentile_95", "95th percentile"),
            ("peak_4th", "4th highest daily peak"),
        ],
        required=True,
        default="sum",
        help="How the events of a period become one quantity.",
    )
    value_property = fields.Char(
        required=True,
        default="value",
        help="The property of the event's data that carries the value.",
    )
    uom_id = fields.Many2one(
        "uom.uom",
        string="Unit",
        required=True,
        compute="_compute_uom_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="restrict",
        help="The unit of the quantity it measures; converted to the product's unit "
        "when it is priced.",
    )
    daily_dimensions = fields.Char(
        string="Daily Sums by",
        help="Dimensions that the daily sums tell apart, separated by commas, e.g. "
        "region,flavor. Each combination is a row a day: leave out what has many "
        "values.",
    )
    description = fields.Text(help="What is measured, by which collector, how often.")

    _code_unique = models.Constraint("UNIQUE (code)", "Another meter has this code.")
    _product_unique = models.UniqueIndex(
        "(product_id) WHERE active",
        "Another active meter measures this product already.",
    )

    @api.depends("product_id")
    def _compute_uom_id(self):
        for meter in self:
            meter.uom_id = meter.product_id.uom_id

    @api.depends("name", "code")
    def _compute_display_name(self):
        for meter in self:
            # A form that is not filled in yet has neither.
            meter.display_name = (
                f"{meter.name} ({meter.code})"
                if meter.name and meter.code
                else meter.name or meter.code or self.env._("New")
            )

    @api.constrains("product_id", "uom_id")
    def _check_unit(self):
        for meter in self:
            unit = meter.product_id.uom_id
            if meter.uom_id != unit and not meter.uom_id._has_common_reference(unit):
                raise ValidationError(
                    self.env._(
                        "%(meter)s measures %(unit)s, which cannot be converted to "
                        "%(product_unit)s, the unit of %(product)s.",
                        meter=meter.name,
                        unit=meter.uom_id.name,
                        product_unit=unit.name,
                        product=meter.product_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        # A meter that was just archived must be so in the database before its
        # successor meets the unique index.
        self.flush_model(["active", "product_id"])
        return super().create(
            [
                self._plain_dimensions({"name": vals.get("code"), **vals})
                for vals in vals_list
            ]
        )

    def copy_data(self, default=None):
        # Archived: a product has one active meter.
        given = {"active": False, **(default or {})}
        return [
            {"code": self.env._("%(code)s-copy", code=meter.code), **vals, **given}
            for meter, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def write(self, vals):
        vals = self._plain_dimensions(vals)
        resummed = self.filtered(
            lambda meter: (
                "daily_dimensions" in vals
                and (meter.daily_dimensions or False) != vals["daily_dimensions"]
            )
        )
        # Changing how past events read would change bills already sent.
        fixed = {
            "code",
            "aggregation",
            "value_property",
            "product_id",
            "uom_id",
        } & vals.keys()
        for meter in self:
            changed = any(
                meter._fields[name].convert_to_write(meter[name], meter) != vals[name]
                for name in fixed
            )
            if changed and meter._has_usage():
                raise UserError(
                    self.env._(
                        "%(meter)s has usage already: its code, product, unit, "
                        "aggregation and value property stay. Archive it and make a "
                        "new meter instead.",
                        meter=meter.name,
                    )
                )
        result = super().write(vals)
        if resummed:
            self.env["iaas.usage.daily"].sudo()._derive(meters=resummed)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_without_usage(self):
        for meter in self:
            if meter._has_usage():
                raise UserError(
                    self.env._(
                        "%(meter)s has usage and cannot be deleted; archive it.",
                        meter=meter.name,
                    )
                )

    def action_view_usage(self):
        """Open the usage events of the meter."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_event_action"
        )
        return action | {"domain": [("meter_id", "in", self.ids)]}

    def _has_usage(self):
        return bool(
            self.env.execute_query(
                SQL(
                    "SELECT 1 FROM iaas_usage_daily WHERE meter_id = ANY(%s) LIMIT 1",
                    self.ids,
                )
            )
        )

    @staticmethod
    def _plain_dimensions(vals):
        """The values with the dimension names as SQL splits them."""
        if "daily_dimensions" not in vals:
            return vals
        names = {name.strip() for name in (vals["daily_dimensions"] or "").split(",")}
        return vals | {"daily_dimensions": ",".join(sorted(names - {""})) or False}

    def _is_additive(self):
        """Whether its quantity may be split where a price changes."""
        return self.aggregation in ADDITIVE

    def _convert(self, quantity):
        """The quantity in the product's unit, exact and never rounded."""
        unit = self.product_id.uom_id
        if self.uom_id == unit:
            return quantity
        with localcontext() as context:
            context.prec = _CONVERSION_DIGITS
            # Both factors are binary floats in Odoo; their shortest text is what was
            # typed.
            return (
                quantity * Decimal(str(self.uom_id.factor)) / Decimal(str(unit.factor))
            )

    @api.model
    def _get_by_code(self):
        """``metering.Meter`` per code, of the active meters."""
        return {
            meter.code: Meter(meter.id, meter.aggregation, meter.value_property)
            for meter in self.sudo().search([])
        }
