from odoo import api, fields, models

from ..fields import Decimal


class IaasContractLine(models.Model):
    _name = "iaas.contract.line"
    _description = "Contract Discount"
    _inherit = ["iaas.decimal.mixin"]
    _order = "contract_id, sequence, id"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "iaas.contract", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )
    sequence = fields.Integer(default=10)
    product_id = fields.Many2one(
        "product.product",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="[('is_iaas', '=', True)]",
    )
    categ_id = fields.Many2one(
        "product.category",
        string="Product Category",
        index="btree_not_null",
        ondelete="restrict",
        help="The discount holds for all products of the category and of the ones "
        "below it, unless a nearer line exists.",
    )
    discount = Decimal(string="Discount (%)", required=True)
    date_start = fields.Date(string="From", help="First day. Empty: from the start.")
    date_end = fields.Date(string="Until", help="Last day, included. Empty: open.")

    _one_target = models.Constraint(
        "CHECK (num_nonnulls(product_id, categ_id) = 1)",
        "A discount is for one product or for one category: fill in one of them.",
    )
    _discount_range = models.Constraint(
        "CHECK (discount BETWEEN 0 AND 100)",
        "A discount is a percentage from 0 to 100.",
    )
    _date_order = models.Constraint(
        "CHECK (date_end >= date_start)",
        "The last day of a discount cannot be before its first day.",
    )
    _no_overlap_product = models.Constraint(
        "EXCLUDE USING gist (contract_id WITH =, product_id WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&)",
        "Two discounts of a contract for the same product overlap in time.",
    )
    _no_overlap_category = models.Constraint(
        "EXCLUDE USING gist (contract_id WITH =, categ_id WITH =, "
        "daterange(date_start, date_end, '[]') WITH &&)",
        "Two discounts of a contract for the same category overlap in time.",
    )

    @api.depends("product_id", "categ_id", "discount")
    def _compute_display_name(self):
        for line in self:
            target = line.product_id.display_name or line.categ_id.display_name or ""
            line.display_name = f"{target} −{line.discount.normalize():f} %"

    @api.onchange("product_id")
    def _onchange_product_id(self):
        if self.product_id:
            self.categ_id = False

    @api.onchange("categ_id")
    def _onchange_categ_id(self):
        if self.categ_id:
            self.product_id = False

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.contract_id._check_amendable()
        return lines

    def write(self, vals):
        self.contract_id._check_amendable()
        result = super().write(vals)
        if "contract_id" in vals:
            self.contract_id._check_amendable()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_amendable(self):
        self.contract_id._check_amendable()

    def _is_valid_on(self, day):
        """Whether the discount holds on the civil day."""
        self.ensure_one()
        return (not self.date_start or self.date_start <= day) and (
            not self.date_end or day <= self.date_end
        )
