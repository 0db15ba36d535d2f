from odoo import api, fields, models


class IaasCustomerTier(models.Model):
    """How a class of customers is looked after; other addons read their
    defaults for a customer from its tier."""

    _name = "iaas.customer.tier"
    _description = "Customer Tier"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, help="Short stable name used by imports and other programs."
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    service_model = fields.Selection(
        [("one_to_one", "One to one"), ("one_to_many", "One to many")],
        required=True,
        default="one_to_many",
        help="One to one: a named salesperson looks after each customer.\n"
        "One to many: operations look after the customers as a group.",
    )
    renewal_notice_days = fields.Integer(
        string="Renewal Notice",
        required=True,
        default=60,
        help="Days before the end of a contract at which its renewal starts.",
    )
    description = fields.Text(translate=True)
    color = fields.Integer()
    partner_ids = fields.One2many(
        "res.partner",
        "iaas_tier_id",
        string="Customers",
        domain=[("is_iaas_customer", "=", True)],
    )
    customer_count = fields.Integer(
        string="Number of Customers", compute="_compute_customer_count"
    )

    _code_uniq = models.Constraint(
        "UNIQUE(code)", "Another customer tier has this code already."
    )
    _renewal_notice_days_positive = models.Constraint(
        "CHECK(renewal_notice_days >= 0)",
        "The renewal notice of a tier cannot be a negative number of days.",
    )

    @api.depends("partner_ids")
    def _compute_customer_count(self):
        counts = dict(
            self.env["res.partner"]._read_group(
                [("is_iaas_customer", "=", True), ("iaas_tier_id", "in", self.ids)],
                ["iaas_tier_id"],
                ["__count"],
            )
        )
        for tier in self:
            tier.customer_count = counts.get(tier._origin, 0)

    def action_view_customers(self):
        """Open the customers of this tier."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_customer.res_partner_action"
        )
        action["domain"] = [
            ("is_iaas_customer", "=", True),
            ("iaas_tier_id", "=", self.id),
        ]
        action["context"] = {
            "default_is_company": True,
            "default_is_iaas_customer": True,
            "default_iaas_tier_id": self.id,
            "default_user_id": self.env.uid,
        }
        return action
