from odoo import fields, models


class IaasContactRole(models.Model):
    _inherit = "iaas.contact.role"

    receives_statements = fields.Boolean(
        help="Contacts in this role get the statements of their company by mail."
    )
