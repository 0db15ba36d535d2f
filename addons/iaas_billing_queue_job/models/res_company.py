from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    billing_job_count = fields.Integer(
        string="Billing Jobs at Once",
        default=4,
        required=True,
        help="A billing run that does not end at once goes on in so many jobs. How "
        "many of them really run side by side is for the job queue's channel to say.",
    )

    _billing_job_count_positive = models.Constraint(
        "CHECK (billing_job_count > 0)",
        "A billing run needs at least one job.",
    )
