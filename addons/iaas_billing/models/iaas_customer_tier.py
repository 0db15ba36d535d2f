from odoo import fields, models


class IaasCustomerTier(models.Model):
    _name = "iaas.customer.tier"
    _inherit = ["iaas.customer.tier", "iaas.statement.rules"]

    has_statement_rules = fields.Boolean(
        string="Own Statement Rules",
        help="Its customers' statements follow the rules below instead of the "
        "company's.",
    )
