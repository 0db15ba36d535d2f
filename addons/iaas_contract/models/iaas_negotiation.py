from odoo import api, fields, models


class IaasNegotiation(models.Model):
    """The pack for the negotiator: prices known, and what was given and got (R41)."""

    _name = "iaas.negotiation"
    _description = "Negotiation"
    _inherit = ["iaas.deal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"

    name = fields.Char(
        compute="_compute_name", store=True, readonly=False, precompute=True
    )
    date = fields.Date(
        string="Prices Of",
        required=True,
        default=fields.Date.context_today,
        help="The day whose prices are compared.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Negotiator",
        default=lambda self: self.env.user,
        index=True,
        tracking=True,
        domain="[('share', '=', False)]",
    )
    tier_id = fields.Many2one(related="customer_id.iaas_tier_id", string="Tier")
    line_ids = fields.One2many("iaas.negotiation.line", "negotiation_id", copy=True)
    move_ids = fields.One2many("iaas.negotiation.move", "negotiation_id")
    mandate_ids = fields.Many2many(
        "iaas.negotiation.mandate",
        string="Mandates",
        compute="_compute_mandate_ids",
        help="Who may grant what to this customer.",
    )
    given_value = fields.Monetary(
        compute="_compute_values", help="What the concessions granted are worth."
    )
    got_value = fields.Monetary(
        compute="_compute_values", help="What we got for them is worth."
    )
    open_move_count = fields.Integer(compute="_compute_values")
    note = fields.Html(string="Strategy")

    @api.depends("lead_id", "contract_id")
    def _compute_name(self):
        for negotiation in self:
            deal = negotiation.contract_id.display_name or negotiation.lead_id.name
            negotiation.name = negotiation.name or deal

    @api.depends("tier_id", "company_id")
    def _compute_mandate_ids(self):
        for negotiation in self:
            company = negotiation.company_id or self.env.company
            negotiation.mandate_ids = self.env["iaas.negotiation.mandate"].search(
                [
                    ("tier_id", "in", [False, *negotiation.tier_id.ids]),
                    ("company_id", "in", [False, *company.ids]),
                ]
            )

    @api.depends("move_ids.state", "move_ids.value", "move_ids.direction")
    def _compute_values(self):
        for negotiation in self:
            granted = negotiation.move_ids.filtered(lambda m: m.state == "granted")
            given = granted.filtered(lambda move: move.direction == "give")
            negotiation.given_value = sum(given.mapped("value"))
            negotiation.got_value = sum((granted - given).mapped("value"))
            negotiation.open_move_count = len(
                negotiation.move_ids.filtered(lambda move: move.state == "proposed")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_if_undecided(self):
        """What was given and got stays in the log, hence the negotiation too."""
        self.move_ids._check_open()
