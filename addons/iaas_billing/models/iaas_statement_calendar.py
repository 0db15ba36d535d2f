from datetime import timedelta

from odoo import api, fields, models


class IaasStatement(models.Model):
    """By when a statement has to be posted, and whether it was (R65)."""

    _inherit = "iaas.statement"

    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Who owned the contract when the statement was made.",
    )
    post_by = fields.Date(
        string="To Post by",
        readonly=True,
        copy=False,
        index=True,
        help="Last day on which the statement is on time, by the rules of the company "
        "or the tier.",
    )
    days_late = fields.Integer(
        compute="_compute_on_time",
        store=True,
        aggregator="avg",
        help="Days from the last day on time to the posting.",
    )
    on_time_percent = fields.Float(
        string="On Time %",
        compute="_compute_on_time",
        store=True,
        aggregator="avg",
        digits=(16, 1),
        help="100 for a statement that was posted on time, else 0: its average is the "
        "share of those on time.",
    )

    @api.depends("posted_at", "post_by")
    def _compute_on_time(self):
        for statement in self:
            late = 0
            if statement.posted_at and statement.post_by:
                posted_on = fields.Datetime.context_timestamp(
                    statement.with_context(tz=statement.timezone), statement.posted_at
                ).date()
                late = max((posted_on - statement.post_by).days, 0)
            statement.days_late = late
            statement.on_time_percent = 100 if statement.posted_at and not late else 0

    @api.model_create_multi
    def create(self, vals_list):
        statements = super().create(vals_list)
        for statement in statements.filtered(lambda draft: not draft.correction_of_id):
            due_days = statement._get_rules().statement_due_days
            # What is due before the service is due when the period begins.
            is_advance = statement.kind == "advance"
            due = statement.date_from if is_advance else statement.date_to
            statement.write(
                {
                    "user_id": statement.contract_id.user_id.id,
                    "post_by": due + timedelta(days=due_days),
                }
            )
        return statements
