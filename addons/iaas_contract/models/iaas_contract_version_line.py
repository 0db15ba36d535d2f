from odoo import api, fields, models


class IaasContractVersionLine(models.Model):
    _name = "iaas.contract.version.line"
    _description = "Discount of a Contract Version"
    _inherit = ["iaas.contract.discount"]
    _order = "version_id, sequence, id"
    _check_company_auto = True

    version_id = fields.Many2one(
        "iaas.contract.version", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="version_id.company_id", store=True, index=True, precompute=True
    )

    _no_overlap_product = models.Constraint(
        "EXCLUDE USING gist (version_id WITH =, product_id WITH =, "
        "COALESCE(min_spend, 0) WITH =, (COALESCE(is_trial, FALSE)::int) WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&)",
        "Two discounts of a version for the same product and spend overlap in time.",
    )
    _no_overlap_category = models.Constraint(
        "EXCLUDE USING gist (version_id WITH =, categ_id WITH =, "
        "COALESCE(min_spend, 0) WITH =, (COALESCE(is_trial, FALSE)::int) WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&)",
        "Two discounts of a version for the same category and spend overlap in time.",
    )
    _no_overlap_trial = models.Constraint(
        "EXCLUDE USING gist (version_id WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&) "
        "WHERE (is_trial AND product_id IS NULL AND categ_id IS NULL)",
        "Two free trials of a version for all services overlap in time.",
    )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.version_id._check_open()
        return lines

    def write(self, vals):
        self.version_id._check_open()
        result = super().write(vals)
        self.version_id._check_open()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_open(self):
        self.version_id._check_open()
