from odoo import fields, models


class IaasContactRole(models.Model):
    """The part a person plays at a customer."""

    _name = "iaas.contact.role"
    _description = "Contact Role"
    _order = "weight desc, name, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, help="Short stable name used by imports and other programs."
    )
    weight = fields.Integer(
        default=1,
        help="How much a person in this role decides; heavier roles come first.",
    )
    description = fields.Text(translate=True)
    active = fields.Boolean(default=True)

    _code_uniq = models.Constraint(
        "UNIQUE(code)", "Another contact role has this code already."
    )
    _weight_positive = models.Constraint(
        "CHECK(weight >= 0)", "The weight of a contact role cannot be negative."
    )
