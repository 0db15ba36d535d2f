from decimal import Decimal as PythonDecimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..fields import Decimal


class IaasContractApprovalRule(models.Model):
    """Which terms need whose approval. Terms that no rule is for approve themselves."""

    _name = "iaas.contract.approval.rule"
    _description = "Contract Approval Rule"
    _inherit = ["iaas.decimal.mixin"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", help="Empty: every company.")
    tier_ids = fields.Many2many(
        "iaas.customer.tier", string="Tiers", help="Empty: customers of every tier."
    )
    condition = fields.Selection(
        [
            ("discount", "A discount above"),
            ("credit", "A credit limit above"),
            ("commitment", "A commitment above"),
            ("breach", "A breach on the review sheet"),
            ("always", "Always"),
        ],
        string="Needed for",
        required=True,
        default="discount",
    )
    threshold = Decimal(
        help="Percent of discount, or of an own price below the list price, both "
        "together; or an amount in the currency of the contract."
    )
    group_ids = fields.Many2many(
        "res.groups", string="Approving Groups", help="Anyone of these may approve."
    )
    user_ids = fields.Many2many(
        "res.users",
        string="Approvers",
        domain=[("share", "=", False)],
        help="These may approve as well.",
    )

    @api.constrains("group_ids", "user_ids")
    def _check_somebody_approves(self):
        for rule in self:
            if not rule.group_ids and not rule.user_ids:
                raise ValidationError(
                    self.env._("%(rule)s names nobody who may approve.", rule=rule.name)
                )

    def _is_approver(self, user):
        self.ensure_one()
        return user in self.user_ids or bool(self.group_ids & user.all_group_ids)

    @api.model
    def _match(self, contract, terms, breaches, rebates):
        """The rules that these terms of the contract come under.

        :param rebates: percentages by which own prices are below the list
        """
        tier = contract.partner_id.iaas_tier_id
        rules = self.search([("company_id", "in", (False, contract.company_id.id))])
        return rules.filtered(
            lambda rule: (
                (not rule.tier_ids or tier in rule.tier_ids)
                and rule._applies(terms, breaches, rebates)
            )
        )

    def _applies(self, terms, breaches, rebates):
        self.ensure_one()
        if self.condition == "always":
            return True
        if self.condition == "breach":
            return bool(breaches)
        values = {
            "discount": [line["discount"] for line in terms["discounts"]] + rebates,
            "credit": [terms["credit_limit_amount"]],
            "commitment": [terms["commitment_amount"]],
        }[self.condition]
        return any(PythonDecimal(value) > self.threshold for value in values)
