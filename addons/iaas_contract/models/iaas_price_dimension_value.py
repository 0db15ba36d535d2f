from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class IaasPriceDimensionValue(models.Model):
    _name = "iaas.price.dimension.value"
    _description = "Value of a Price Dimension"
    _order = "dimension_id, sequence, code"
    _rec_names_search = ["name", "code"]

    dimension_id = fields.Many2one(
        "iaas.price.dimension", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    code = fields.Char(
        required=True, help="As usage events and price list files write it, e.g. sg1."
    )
    name = fields.Char(
        required=True,
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        translate=True,
    )

    _code_unique = models.Constraint(
        "UNIQUE (dimension_id, code)", "This dimension has this value already."
    )
    _code_plain = models.Constraint(
        "CHECK (code ~ '^[A-Za-z0-9_.:/-]+$')",
        "The code of a value holds letters, digits and _ . : / - only.",
    )

    @api.depends("code")
    def _compute_name(self):
        for value in self:
            value.name = value.name or value.code

    @api.depends("dimension_id.name", "name")
    @api.depends_context("iaas_short_dimension")
    def _compute_display_name(self):
        # In the columns of lists there is no room for the dimension.
        short = self.env.context.get("iaas_short_dimension")
        for value in self:
            name = value.name or ""
            value.display_name = name if short else f"{value.dimension_id.name}: {name}"

    def write(self, vals):
        if vals.keys() & {"code", "dimension_id"}:
            self.filtered(
                lambda value: (
                    vals.get("code", value.code) != value.code
                    or vals.get("dimension_id", value.dimension_id.id)
                    != value.dimension_id.id
                )
            )._check_unused()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_unused(self):
        self._check_unused()

    def _check_unused(self):
        """What prices and resources are told apart by stays as it is."""
        for model in ("iaas.price", "iaas.resource"):
            user = (
                self.env[model]
                .sudo()
                .with_context(active_test=False)
                .search([("dimension_value_ids", "in", self.ids)], limit=1)
            )
            if user:
                raise UserError(
                    self.env._(
                        "%(values)s: used by %(user)s, so its code stays and it is "
                        "kept. Add a new value instead.",
                        values=", ".join(self.mapped("display_name")),
                        user=user.display_name,
                    )
                )

    def _to_dimensions(self):
        """``{dimension code: value code}``, as the pure resolution reads them."""
        return {value.dimension_id.code: value.code for value in self}

    def _check_one_each(self, record):
        """Refuse two values of one dimension on a record."""
        if len(self.dimension_id) < len(self):
            raise ValidationError(
                self.env._(
                    "%(record)s has two values of one dimension: %(values)s. Keep one "
                    "of them.",
                    record=record.display_name,
                    values=", ".join(self.mapped("display_name")),
                )
            )
