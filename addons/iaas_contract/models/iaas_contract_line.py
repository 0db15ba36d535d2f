from odoo import fields, models


class IaasContractLine(models.Model):
    _name = "iaas.contract.line"
    _description = "Contract Discount"
    _inherit = ["iaas.contract.term.mixin", "iaas.contract.discount"]
    _order = "contract_id, sequence, id"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "iaas.contract", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )

    _no_overlap_product = models.Constraint(
        "EXCLUDE USING gist (contract_id WITH =, product_id WITH =, "
        "COALESCE(min_spend, 0) WITH =, (COALESCE(is_trial, FALSE)::int) WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&)",
        "Two discounts of a contract for the same product and spend overlap in time.",
    )
    _no_overlap_category = models.Constraint(
        "EXCLUDE USING gist (contract_id WITH =, categ_id WITH =, "
        "COALESCE(min_spend, 0) WITH =, (COALESCE(is_trial, FALSE)::int) WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&)",
        "Two discounts of a contract for the same category and spend overlap in time.",
    )
    _no_overlap_trial = models.Constraint(
        "EXCLUDE USING gist (contract_id WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&) "
        "WHERE (is_trial AND product_id IS NULL AND categ_id IS NULL)",
        "Two free trials of a contract for all services overlap in time.",
    )
