from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

#: Before it is posted, in this order; each state but the first may be skipped.
OPEN_STATES = ("draft", "review", "sent", "confirmed")

#: What becomes one line of the invoice.
INVOICE_GROUPINGS = [
    ("family", "One per product family"),
    ("product", "One per product"),
    ("contract", "One for the contract"),
]

#: What may still be noted on a posted statement: that it was voided, checked, shown.
NOTED = {
    "state",
    "void_reason",
    "voided_at",
    "voided_by_id",
    "is_tampered",
    "verified_at",
    "access_token",
    "mail_state",
    "settled_by_id",
}


class IaasStatement(models.Model):
    """What one contract owes for one period. Once posted it never changes."""

    _name = "iaas.statement"
    _description = "Statement"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "period_start desc, id desc"
    _check_company_auto = True
    # Nobody writes a statement by hand, yet people talk about it.
    _mail_post_access = "read"

    name = fields.Char(string="Number", required=True, readonly=True, copy=False)
    kind = fields.Selection(
        [("regular", "Of the period"), ("advance", "In advance")],
        string="Billed",
        default="regular",
        required=True,
        readonly=True,
        help="In advance: the fees that are due before the service, billed at the "
        "beginning of the period. The statement of the period settles them.",
    )
    contract_id = fields.Many2one(
        "iaas.contract",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    # Copied, not related: a posted statement keeps what was true at the time.
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    settlement_mode = fields.Selection(
        string="Settlement",
        selection=lambda self: (
            self.env["iaas.contract"]
            ._fields["settlement_mode"]
            ._description_selection(self.env)
        ),
        required=True,
        readonly=True,
    )
    invoice_grouping = fields.Selection(
        INVOICE_GROUPINGS,
        string="Invoice Lines",
        default="family",
        required=True,
        readonly=True,
    )
    timezone = fields.Char(string="Time Zone", required=True, readonly=True)
    period_start = fields.Datetime(
        string="Starts at", required=True, readonly=True, help="First instant (UTC)."
    )
    period_end = fields.Datetime(
        string="Ends before",
        required=True,
        readonly=True,
        help="First instant after the period (UTC).",
    )
    date_from = fields.Date(
        string="First Day",
        compute="_compute_days",
        store=True,
        help="Civil day in the contract's time zone.",
    )
    date_to = fields.Date(
        string="Last Day",
        compute="_compute_days",
        store=True,
        help="Civil day in the contract's time zone, included.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("review", "In Review"),
            ("sent", "With Customer"),
            ("confirmed", "Confirmed"),
            ("posted", "Posted"),
            ("void", "Void"),
        ],
        string="Status",
        default="draft",
        required=True,
        readonly=True,
        index=True,
        copy=False,
        tracking=True,
    )
    is_held = fields.Boolean(
        string="Set Aside",
        readonly=True,
        copy=False,
        help="Waits for its contract's billing blocker to be cleared.",
    )
    line_ids = fields.One2many("iaas.statement.line", "statement_id", readonly=True)
    line_count = fields.Integer(compute="_compute_line_count")
    has_dimensions = fields.Boolean(compute="_compute_has_dimensions")
    has_segments = fields.Boolean(compute="_compute_has_segments")
    amount_untaxed = fields.Monetary(
        string="Untaxed Amount", compute="_compute_amount_untaxed", store=True
    )
    usage_hash = fields.Char(
        readonly=True,
        copy=False,
        help="Fingerprint of the usage events that this statement counted.",
    )
    run_id = fields.Many2one(
        "iaas.billing.run",
        string="Billing Run",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    payment_state = fields.Selection(related="move_id.payment_state")

    _regular_period_unique = models.UniqueIndex(
        "(contract_id, kind, period_start, period_end) "
        "WHERE correction_of_id IS NULL AND state <> 'void'",
        "A contract has one statement per period, and one in advance.",
    )
    _period_order = models.Constraint(
        "CHECK (period_end > period_start)",
        "The period of a statement ends after it starts.",
    )
    _period_no_overlap = models.Constraint(
        "EXCLUDE USING gist (contract_id WITH =, kind WITH =,"
        " tsrange(period_start, period_end) WITH &&)"
        " WHERE (correction_of_id IS NULL AND state <> 'void')",
        "The periods of a contract's statements may not overlap.",
    )

    @api.depends("period_start", "period_end", "timezone")
    def _compute_days(self):
        for statement in self:
            zone = ZoneInfo(statement.timezone or "UTC")
            statement.date_from = statement._civil_day(statement.period_start, zone)
            statement.date_to = statement._civil_day(
                statement.period_end - timedelta(seconds=1), zone
            )

    @api.model
    def _civil_day(self, instant, zone):
        return instant.replace(tzinfo=timezone.utc).astimezone(zone).date()

    @api.depends("line_ids.amount")
    def _compute_amount_untaxed(self):
        totals = dict(
            self.env["iaas.statement.line"]._read_group(
                [("statement_id", "in", self.ids)], ["statement_id"], ["amount:sum"]
            )
        )
        for statement in self:
            statement.amount_untaxed = totals.get(statement, 0)

    @api.depends("line_ids.dimension_key")
    def _compute_has_dimensions(self):
        for statement in self:
            statement.has_dimensions = any(statement.line_ids.mapped("dimension_key"))

    @api.depends("line_ids.segment_start", "line_ids.segment_end")
    def _compute_has_segments(self):
        """Whether any line is for some days of the period only."""
        for statement in self:
            statement.has_segments = self.env["iaas.statement.line"].search_count(
                [
                    ("statement_id", "=", statement._origin.id),
                    "|",
                    ("segment_start", "!=", statement.date_from),
                    ("segment_end", "!=", statement.date_to),
                ],
                limit=1,
            )

    def _compute_line_count(self):
        counts = dict(
            self.env["iaas.statement.line"]._read_group(
                [("statement_id", "in", self.ids)], ["statement_id"], ["__count"]
            )
        )
        for statement in self:
            statement.line_count = counts.get(statement, 0)

    @api.depends("name", "contract_id", "date_from", "date_to")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for statement in self:
            statement.display_name = f"{statement.name} ({statement._period_text()})"

    def _period_text(self):
        """The civil days of the period, for people: as the lists write them."""
        return self.env._(
            "%(first)s to %(last)s",
            first=format_date(self.env, self.date_from, date_format="medium"),
            last=format_date(self.env, self.date_to, date_format="medium"),
        )

    # ------------------------------------------------------------------
    # Immutability
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("name"):
                vals["name"] = self.env["ir.sequence"].next_by_code("iaas.statement")
        # What was posted or voided just now has left the partial unique indexes.
        self.flush_model(["state"])
        # A run makes thousands: that they were made is not worth a message each.
        quiet = self.with_context(
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
            mail_notrack=True,
            tracking_disable=True,
        )
        return super(IaasStatement, quiet).create(vals_list).with_env(self.env)

    def write(self, vals):
        if vals.keys() - NOTED:
            self._check_not_posted()
        elif vals.get("state", "void") != "void":
            self._check_not_posted()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        self._check_not_posted()
        # Runs drop what is no longer due; people delete drafts.
        for statement in self:
            if statement.state != "draft" and not self.env.su:
                raise UserError(
                    self.env._(
                        "%(name)s is in review or with the customer. Take it back "
                        "before you delete it.",
                        name=statement.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_reminders(self):
        """Nobody is reminded of the dispute of a statement that is gone."""
        self.sudo().line_ids.dispute_ids.activity_ids.unlink()

    def _check_not_posted(self):
        posted = self.filtered(lambda statement: statement.state in ("posted", "void"))
        if posted:
            raise UserError(
                self.env._(
                    "Statement %(names)s is posted and cannot be changed or deleted. "
                    "Correct it by a correction statement or void it.",
                    names=", ".join(posted[:5].mapped("name")),
                )
            )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_view_move(self):
        """Open the invoice of the statement."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
            "views": [(self.env.ref("account.view_move_form").id, "form")],
        }

    def action_view_usage(self):
        """Open the usage events of the period."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_event_action"
        )
        return action | {
            "domain": [
                ("contract_id", "in", self.contract_id._get_successors().ids),
                ("time", ">=", self.period_start),
                ("time", "<", self.period_end),
            ],
            "context": {},
        }

    def action_view_lines(self):
        """Open the lines of the statement for search and analysis."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_statement_line_action"
        )
        return action | {
            "domain": [("statement_id", "=", self.id)],
            "context": {"one_statement": True},
        }
