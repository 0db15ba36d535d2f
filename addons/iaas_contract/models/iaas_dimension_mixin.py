from odoo import api, fields, models

from ..pricing import dimension_key, parse_dimension_key


class IaasDimensionMixin(models.AbstractModel):
    """What may be told apart by region, instance family and other dimensions."""

    _name = "iaas.dimension.mixin"
    _description = "Told Apart by Price Dimensions"

    dimension_value_ids = fields.Many2many(
        "iaas.price.dimension.value", string="Dimensions", ondelete="restrict"
    )
    dimension_key = fields.Char(
        compute="_compute_dimension_key",
        store=True,
        precompute=True,
        help="The dimensions as one text, the same in whatever order they were "
        "entered.",
    )
    dimension_text = fields.Char(
        string="Dimensions in Words",
        compute="_compute_dimension_text",
        compute_sudo=True,
    )

    @api.depends(
        "dimension_value_ids",
        "dimension_value_ids.code",
        "dimension_value_ids.dimension_id.code",
    )
    def _compute_dimension_key(self):
        for record in self:
            # What is told apart is not for the reader of the record to see or not.
            values = record.dimension_value_ids.sudo()
            record.dimension_key = dimension_key(values._to_dimensions())

    @api.depends_context("lang")
    @api.depends("dimension_value_ids.display_name")
    def _compute_dimension_text(self):
        for record in self:
            values = record.dimension_value_ids.sorted(
                lambda value: (value.dimension_id.sequence, value.dimension_id.code)
            )
            record.dimension_text = ", ".join(values.mapped("display_name"))

    @api.constrains("dimension_value_ids")
    def _check_dimension_value_ids(self):
        for record in self:
            record.dimension_value_ids.sudo()._check_one_each(record)

    def _get_dimensions(self):
        """``{dimension code: value code}`` of one record; of an empty one none."""
        return parse_dimension_key(self.dimension_key or "")
