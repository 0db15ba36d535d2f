from odoo import api, fields, models

from ..fields import Decimal

CONCESSIONS = [
    ("discount", "Discount"),
    ("payment", "Payment Terms"),
    ("credit", "Credit"),
    ("service", "Service Level"),
    ("term", "Term or Commitment"),
    ("other", "Other"),
]


class IaasNegotiationMandate(models.Model):
    """Who may grant what in a negotiation, by role (R41)."""

    _name = "iaas.negotiation.mandate"
    _description = "Negotiation Mandate"
    _inherit = ["iaas.decimal.mixin"]
    _order = "kind, max_discount, group_id, id"
    _check_company_auto = True

    group_id = fields.Many2one(
        "res.groups", string="Role", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(
        CONCESSIONS, string="May Grant", required=True, default="discount"
    )
    max_discount = Decimal(string="Up to (%)")
    categ_id = fields.Many2one(
        "product.category",
        string="Product Category",
        ondelete="cascade",
        help="Only for the products of the category. Empty: for all.",
    )
    tier_id = fields.Many2one(
        "iaas.customer.tier",
        string="Customer Tier",
        ondelete="cascade",
        help="Only for customers of the tier. Empty: for all.",
    )
    company_id = fields.Many2one("res.company", index=True)

    _discount_range = models.Constraint(
        "CHECK (max_discount BETWEEN 0 AND 100)",
        "A discount is a percentage from 0 to 100.",
    )
    _one_per_scope = models.UniqueIndex(
        "(group_id, kind, COALESCE(categ_id, 0), COALESCE(tier_id, 0), "
        "COALESCE(company_id, 0))",
        "The role has a mandate for this already: change that one.",
    )

    @api.depends("group_id", "kind", "max_discount")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for mandate in self:
            parts = [mandate.group_id.full_name or "", labels.get(mandate.kind, "")]
            if mandate.kind == "discount":
                parts.append(f"{mandate.max_discount.normalize():f} %")
            mandate.display_name = " · ".join(parts)

    @api.model
    def _find(self, kind, product, tier, company):
        """The mandates for a concession on the product (empty: on the whole deal)."""
        path = (product.categ_id.parent_path or "").split("/")[:-1]
        return self.sudo().search(
            [
                ("kind", "=", kind),
                ("categ_id", "in", [False, *map(int, path)]),
                ("tier_id", "in", [False, *tier.ids]),
                ("company_id", "in", [False, *company.ids]),
            ]
        )

    def _held_by(self, user):
        """Those of the mandates that the user has through a role."""
        return self.filtered(lambda mandate: mandate.group_id in user.all_group_ids)
