from decimal import ROUND_CEILING
from decimal import Decimal as PythonDecimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..fields import Decimal

ZERO = PythonDecimal(0)


class IaasDealEstimate(models.Model):
    """What a deal brings: configuration × list price × discount against cost (R11)."""

    _name = "iaas.deal.estimate"
    _description = "Deal Estimate"
    _inherit = ["iaas.deal.mixin", "iaas.decimal.mixin", "mail.thread"]
    _order = "date desc, id desc"

    name = fields.Char(
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Made By",
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
    )
    date = fields.Date(
        string="Prices Of",
        required=True,
        default=fields.Date.context_today,
        tracking=True,
        help="The day whose prices and costs are taken.",
    )
    months = fields.Integer(string="Term (months)", required=True, default=12)
    upfront_cost = Decimal(
        string="One-off Cost",
        tracking=True,
        help="What the deal costs us before it earns: presales, migration, set-up.",
    )
    line_ids = fields.One2many("iaas.deal.estimate.line", "estimate_id", copy=True)
    note = fields.Html(string="Assumptions")

    # Over the term
    list_total = Decimal(string="At List Price", compute="_compute_totals", store=True)
    revenue_total = Decimal(string="Revenue", compute="_compute_totals", store=True)
    discount_percent = fields.Float(
        string="Average Discount (%)",
        compute="_compute_totals",
        store=True,
        aggregator="avg",
    )
    cost_total = Decimal(string="Cost", compute="_compute_totals", store=True)
    margin_total = Decimal(string="Margin", compute="_compute_totals", store=True)
    margin_percent = fields.Float(
        string="Margin (%)", compute="_compute_totals", store=True, aggregator="avg"
    )
    break_even_percent = fields.Float(
        string="Break-even (% of volume)",
        compute="_compute_totals",
        store=True,
        aggregator=None,
        help="The share of the planned volume, at the planned mix and average prices, "
        "at which the margin on the services pays the one-off cost.",
    )
    break_even_months = fields.Integer(
        string="Break-even (months)",
        compute="_compute_totals",
        store=True,
        aggregator=None,
        help="Months until the margin on the services has paid the one-off cost.",
    )
    breaks_even = fields.Boolean(compute="_compute_totals", store=True)
    warning = fields.Text(compute="_compute_warning")

    _months_positive = models.Constraint(
        "CHECK (months > 0)", "The term of an estimate is at least one month."
    )
    _upfront_cost_positive = models.Constraint(
        "CHECK (upfront_cost >= 0)", "The one-off cost cannot be negative."
    )

    # === COMPUTE ===

    @api.depends("lead_id", "contract_id")
    def _compute_name(self):
        for estimate in self:
            deal = estimate.contract_id.display_name or estimate.lead_id.name
            estimate.name = estimate.name or deal or self.env._("New estimate")

    @api.depends(
        "months",
        "upfront_cost",
        "line_ids.list_term",
        "line_ids.revenue_term",
        "line_ids.cost_term",
        "line_ids.charge_kind",
    )
    def _compute_totals(self):
        for estimate in self:
            lines = estimate.line_ids
            upfront = estimate.upfront_cost
            at_list = sum(lines.mapped("list_term"), ZERO)
            revenue = sum(lines.mapped("revenue_term"), ZERO)
            cost = sum(lines.mapped("cost_term"), ZERO)
            contribution = revenue - cost
            margin = contribution - upfront
            estimate.list_total = at_list
            estimate.revenue_total = revenue
            estimate.cost_total = cost + upfront
            estimate.margin_total = margin
            estimate.discount_percent = _percent(at_list - revenue, at_list)
            estimate.margin_percent = _percent(margin, revenue)
            estimate.break_even_percent = (
                _percent(upfront, contribution) if contribution > 0 else 0
            )
            estimate.breaks_even = margin >= 0 and contribution > 0
            estimate.break_even_months = estimate._months_to_break_even()

    @api.depends("line_ids.issue", "line_ids.unit_cost", "breaks_even")
    def _compute_warning(self):
        for estimate in self:
            notes = [
                f"{line.product_id.display_name}: {line.issue}"
                for line in estimate.line_ids
                if line.issue
            ]
            uncosted = estimate.line_ids.filtered(lambda line: not line.unit_cost)
            if uncosted:
                notes.append(
                    self.env._(
                        "The unit cost of these services is unknown and counted as 0, "
                        "so the margin is too high: %(products)s.",
                        products=", ".join(uncosted.product_id.mapped("display_name")),
                    )
                )
            estimate.warning = "\n".join(notes)

    # === ACTIONS ===

    def action_refresh(self):
        """Take prices, contract discounts and costs of today."""
        self.check_access("write")
        for estimate in self:
            estimate.date = fields.Date.context_today(estimate)
            estimate.line_ids._compute_list_amount()
            estimate.line_ids._compute_unit_cost()

    def action_apply(self):
        """Make this the expected revenue of the opportunity and the contract."""
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("The estimate has no services yet."))
        amount = float(self.revenue_total)
        if self.lead_id:
            lead = self.lead_id
            company = lead.company_id or self.company_id
            lead.expected_revenue = self.currency_id._convert(
                amount, company.currency_id, company, self.date
            )
        if self.contract_id:
            self.contract_id.expected_revenue = amount

    # === BUSINESS ===

    def _months_to_break_even(self):
        """Months of service until the one-off cost is paid; 0 when never."""
        self.ensure_one()
        once = self.line_ids.filtered(lambda line: line.charge_kind == "one_time")
        monthly = sum((line.revenue - line.cost for line in self.line_ids - once), ZERO)
        open_cost = self.upfront_cost - sum(
            (line.revenue - line.cost for line in once), ZERO
        )
        if open_cost <= 0 or monthly <= 0:
            return 0
        return int((open_cost / monthly).to_integral_value(ROUND_CEILING))


def _percent(part, whole):
    return float(100 * part / whole) if whole else 0
