from odoo import fields, models


class IaasCustomerTier(models.Model):
    """When the orders of a class of customers call for a visit."""

    _inherit = "iaas.customer.tier"

    visit_change_percent = fields.Integer(
        string="Visit after a Change of",
        default=30,
        help="An order or a stop that changes the customer's monthly fees by this "
        "share calls for a visit. 0: never.",
    )

    _visit_change_percent_positive = models.Constraint(
        "CHECK (visit_change_percent >= 0)",
        "The change that calls for a visit cannot be negative.",
    )
