from odoo import api, fields, models


class IaasContractClause(models.Model):
    """One clause, of a contract as it is in force or of one of its versions."""

    _name = "iaas.contract.clause"
    _description = "Contract Clause"
    _inherit = ["iaas.contract.term.mixin"]
    _order = "sequence, id"

    contract_id = fields.Many2one(
        "iaas.contract", index="btree_not_null", ondelete="cascade"
    )
    version_id = fields.Many2one(
        "iaas.contract.version", index="btree_not_null", ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, precompute=True
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(string="Heading", required=True)
    text = fields.Text(required=True)

    _one_holder = models.Constraint(
        "CHECK (num_nonnulls(contract_id, version_id) = 1)",
        "A clause belongs to a contract or to one of its versions.",
    )

    @api.depends("contract_id.company_id", "version_id.company_id")
    def _compute_company_id(self):
        for clause in self:
            clause.company_id = (clause.contract_id or clause.version_id).company_id

    def _copy_values(self):
        self.ensure_one()
        return {"sequence": self.sequence, "name": self.name, "text": self.text}
