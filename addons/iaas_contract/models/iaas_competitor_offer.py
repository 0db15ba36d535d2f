from odoo import api, fields, models

# A contract in these states has been won, in those it has been lost.
WON_STATES = {"signed"}
LOST_STATES = {"ended", "terminated"}


class IaasCompetitorOffer(models.Model):
    """A competitor in one of our deals: its prices, and who won (R44)."""

    _name = "iaas.competitor.offer"
    _description = "Competitor Offer"
    _inherit = ["iaas.deal.mixin", "mail.thread"]
    _order = "date desc, id desc"

    competitor_id = fields.Many2one(
        "iaas.competitor", required=True, index=True, ondelete="restrict"
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    source = fields.Char(
        help="Where the prices come from: the customer, a price list, a tender."
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('share', '=', False)]",
    )
    tier_id = fields.Many2one(
        related="customer_id.iaas_tier_id", string="Tier", store=True
    )
    line_ids = fields.One2many("iaas.competitor.offer.line", "offer_id", copy=True)
    our_amount = fields.Monetary(
        string="Our Price", compute="_compute_amounts", store=True
    )
    competitor_amount = fields.Monetary(
        string="Their Price", compute="_compute_amounts", store=True
    )
    gap_percent = fields.Float(
        string="Price Gap (%)",
        compute="_compute_amounts",
        store=True,
        aggregator="avg",
        help="How much dearer (+) or cheaper (−) we are than the competitor, over all "
        "products compared.",
    )
    outcome = fields.Selection(
        [
            ("pending", "Pending"),
            ("won", "Won by Us"),
            ("lost", "Lost to Them"),
            ("other", "Lost to Another"),
        ],
        compute="_compute_outcome",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        index=True,
        tracking=True,
        help="Follows the opportunity and the contract. Where several competitors took "
        "part in a deal that was lost, say which one got it.",
    )
    reason = fields.Text(help="Why we won or lost against this competitor.")

    _competitor_per_lead = models.UniqueIndex(
        "(lead_id, competitor_id) WHERE lead_id IS NOT NULL",
        "This competitor is recorded on the opportunity already: add its prices there.",
    )
    _competitor_per_contract = models.UniqueIndex(
        "(contract_id, competitor_id) WHERE contract_id IS NOT NULL",
        "This competitor is recorded on the contract already: add its prices there.",
    )

    @api.depends("competitor_id", "lead_id", "contract_id")
    def _compute_display_name(self):
        for offer in self:
            deal = offer.contract_id.name or offer.lead_id.name
            offer.display_name = " · ".join(
                filter(None, (offer.competitor_id.name, deal))
            )

    @api.depends("lead_id", "contract_id")
    def _compute_user_id(self):
        for offer in self:
            offer.user_id = offer.user_id or offer._deal_owner()

    @api.depends("line_ids.our_amount", "line_ids.competitor_amount")
    def _compute_amounts(self):
        for offer in self:
            ours = sum(offer.line_ids.mapped("our_amount"))
            theirs = sum(offer.line_ids.mapped("competitor_amount"))
            offer.our_amount = ours
            offer.competitor_amount = theirs
            offer.gap_percent = 100 * (ours - theirs) / theirs if theirs else 0

    @api.depends("lead_id.won_status", "contract_id.state")
    def _compute_outcome(self):
        for offer in self:
            outcome = offer.outcome or "pending"
            decided = offer.lead_id.won_status
            state = offer.contract_id.state
            if outcome == "pending" and state in WON_STATES:
                outcome = "won"
            elif outcome == "pending" and state in LOST_STATES:
                outcome = "lost"
            elif not offer.contract_id and decided == "pending":
                outcome = "pending"
            elif not offer.contract_id and decided and outcome != "other":
                outcome = decided
            offer.outcome = outcome
