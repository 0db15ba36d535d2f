from odoo import api, fields, models


class IaasContractClause(models.Model):
    """One clause, of a contract as it is in force or of one of its versions."""

    _name = "iaas.contract.clause"
    _description = "Contract Clause"
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

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        clauses = super().create(vals_list)
        clauses._check_may_change()
        clauses.contract_id._follow_terms()
        return clauses

    def write(self, vals):
        contracts = self.contract_id
        self._check_may_change()
        result = super().write(vals)
        self._check_may_change()
        (contracts | self.contract_id)._follow_terms()
        return result

    def unlink(self):
        self._check_may_change()
        contracts = self.contract_id
        result = super().unlink()
        contracts._follow_terms()
        return result

    def _check_may_change(self):
        self.contract_id._check_amendable()
        self.version_id._check_open()
        if not self.env.su:
            # Whoever changes the clauses of an amendment does not approve it.
            self.version_id._note_writer()

    def _copy_values(self):
        self.ensure_one()
        return {"sequence": self.sequence, "name": self.name, "text": self.text}
