from odoo import api, fields, models


class IaasCompetitor(models.Model):
    _name = "iaas.competitor"
    _description = "Competitor"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, index="trigram", tracking=True)
    website = fields.Char()
    strengths = fields.Text()
    weaknesses = fields.Text()
    active = fields.Boolean(default=True)
    offer_ids = fields.One2many(
        "iaas.competitor.offer", "competitor_id", string="Offers"
    )
    pending_count = fields.Integer(compute="_compute_outcomes")
    won_count = fields.Integer(string="Won Against", compute="_compute_outcomes")
    lost_count = fields.Integer(string="Lost To", compute="_compute_outcomes")
    win_rate = fields.Float(
        string="Win Rate (%)",
        compute="_compute_outcomes",
        help="Share of the decided deals that we won against this competitor.",
    )

    _name_uniq = models.Constraint(
        "UNIQUE(name)", "Another competitor has this name already."
    )

    @api.depends("offer_ids.outcome")
    def _compute_outcomes(self):
        counts = {
            (competitor.id, outcome): count
            for competitor, outcome, count in self.env[
                "iaas.competitor.offer"
            ]._read_group(
                [("competitor_id", "in", self.ids)],
                ["competitor_id", "outcome"],
                ["__count"],
            )
        }
        for competitor in self:
            pending, won, lost = (
                counts.get((competitor._origin.id, outcome), 0)
                for outcome in ("pending", "won", "lost")
            )
            competitor.pending_count = pending
            competitor.won_count = won
            competitor.lost_count = lost
            competitor.win_rate = 100 * won / (won + lost) if won + lost else 0
