from odoo import fields, models


class IaasMeter(models.Model):
    _inherit = "iaas.meter"

    silent_days = fields.Integer(
        string="Alert after Silent Days",
        default=3,
        help="A running resource without usage for so many days goes to the "
        "quarantine, with an owner. 0 watches nothing: use it where no event simply "
        "means no use.",
    )

    _silent_days_positive = models.Constraint(
        "CHECK (silent_days >= 0)", "The silent days can't be negative."
    )
