from odoo import fields, models


class IaasContactRole(models.Model):
    _inherit = "iaas.contact.role"

    objection_percent = fields.Integer(
        string="Objection Lowers Forecast (%)",
        default=20,
        help="An unanswered objection of a person in this role lowers the forecast of "
        "the opportunity or contract by this share.",
    )

    _objection_percent_range = models.Constraint(
        "CHECK (objection_percent BETWEEN 0 AND 100)",
        "An objection lowers the forecast by 0 to 100 percent.",
    )
