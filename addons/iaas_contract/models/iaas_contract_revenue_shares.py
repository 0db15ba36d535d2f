from odoo import fields, models


class IaasContract(models.Model):
    _inherit = "iaas.contract"

    # Between us and third parties: the customer, who reads the contract, does not.
    revenue_share_ids = fields.One2many(
        "iaas.contract.revenue.share",
        "contract_id",
        string="Revenue Shares",
        groups="sales_team.group_sale_salesman,account.group_account_invoice,"
        "iaas_customer.group_iaas_ops_user,iaas_customer.group_iaas_auditor",
    )
