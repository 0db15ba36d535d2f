from odoo import api, fields, models
from odoo.exceptions import UserError


class IaasPriceDimension(models.Model):
    """What a price may depend on beside the service: region, instance family."""

    _name = "iaas.price.dimension"
    _description = "Price Dimension"
    _order = "sequence, code"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        copy=False,
        help="The property of the usage events' data that carries it, e.g. region; "
        "also its column in price list files.",
    )
    sequence = fields.Integer(
        default=10,
        help="Of two prices that depend on as many dimensions, the one whose dimension "
        "stands higher in this list holds.",
    )
    value_ids = fields.One2many(
        "iaas.price.dimension.value", "dimension_id", string="Values"
    )

    _code_unique = models.Constraint(
        "UNIQUE (code)", "Another price dimension has this code."
    )
    _code_plain = models.Constraint(
        "CHECK (code ~ '^[A-Za-z0-9_.:/-]+$')",
        "The code of a price dimension holds letters, digits and _ . : / - only.",
    )

    def write(self, vals):
        if "code" in vals:
            self.filtered(
                lambda dimension: dimension.code != vals["code"]
            ).value_ids._check_unused()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_unused(self):
        self.value_ids._check_unused()

    @api.model
    def _get_order(self):
        """The codes of all dimensions, the decisive ones first."""
        return self.sudo().search([]).mapped("code")

    @api.model
    def _get_labels(self):
        """``{(dimension code, value code): name}`` of all values."""
        values = self.env["iaas.price.dimension.value"].sudo().search([])
        return {(v.dimension_id.code, v.code): v.display_name for v in values}

    @api.model
    def _parse(self, codes):
        """The values by ``{dimension code: value code}``, as other programs name them.

        :raise UserError: for what is not known
        """
        values = self.env["iaas.price.dimension.value"].sudo().search([])
        known = {(value.dimension_id.code, value.code): value for value in values}
        found = values.browse()
        for pair in codes.items():
            if not isinstance(pair[1], str) or pair not in known:
                raise UserError(
                    self.env._(
                        "%(dimension)s %(value)s is not known. Add it to the price "
                        "dimensions first.",
                        dimension=pair[0],
                        value=pair[1],
                    )
                )
            found += known[pair]
        return found.with_env(self.env)
