import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

#: What a customer is told of, in this order; each at most once per period.
LEVELS = [
    ("warning", "Alert share reached"),
    ("projected", "Will be exceeded"),
    ("exceeded", "Exceeded"),
]


class IaasBudget(models.Model):
    """What a customer wants to spend at most in a settlement period, all in all or on
    one service, and who is told when it gets there."""

    _name = "iaas.budget"
    _description = "Customer Budget"
    _inherit = ["iaas.gated.mixin", "mail.thread"]
    _order = "contract_id, product_id, id"
    _check_company_auto = True

    # Customers may not read products, but know what they rent by name.
    display_name = fields.Char(compute_sudo=True)
    contract_id = fields.Many2one(
        "iaas.contract",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    partner_id = fields.Many2one(
        related="contract_id.partner_id", store=True, index=True
    )
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    product_id = fields.Many2one(
        "product.product",
        string="Service",
        domain=[("is_iaas", "=", True)],
        help="Empty: everything under the contract.",
    )
    amount = fields.Monetary(
        required=True, tracking=True, help="Before tax, per settlement period."
    )
    alert_percent = fields.Integer(
        string="Alert at %",
        default=80,
        required=True,
        tracking=True,
        help="The share of the budget from which on the contact is told.",
    )
    contact_id = fields.Many2one(
        "res.partner", string="Tell", required=True, help="Gets the alerts by mail."
    )
    amount_to_date = fields.Monetary(compute="_compute_spent", string="To Date")
    amount_projected = fields.Monetary(compute="_compute_spent", string="Projected")
    spent_percent = fields.Float(
        compute="_compute_spent", string="Spent %", digits=(16, 0)
    )
    level = fields.Selection(
        LEVELS, string="Last Alert", readonly=True, copy=False, tracking=True
    )
    alerted_period = fields.Date(
        readonly=True, copy=False, help="First day of the period of the last alert."
    )

    _service_unique = models.UniqueIndex(
        "(contract_id, COALESCE(product_id, 0))",
        "A contract has one budget, and one per service.",
    )
    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "A budget is more than zero."
    )
    _alert_in_range = models.Constraint(
        "CHECK (alert_percent BETWEEN 1 AND 100)",
        "Alert at a share of the budget from 1 to 100 percent.",
    )

    @api.constrains("contact_id", "contract_id")
    def _check_contact(self):
        for budget in self:
            own = budget.contract_id.partner_id.commercial_partner_id
            if not budget.contact_id.filtered_domain([("id", "child_of", own.id)]):
                raise ValidationError(
                    self.env._(
                        "%(contact)s is no contact of %(customer)s.",
                        contact=budget.contact_id.display_name,
                        customer=own.display_name,
                    )
                )

    @api.depends("amount", "contract_id", "product_id")
    def _compute_spent(self):
        usage = self.env["iaas.current.usage"].sudo()  # what a reader may sum
        spent = {
            (contract, product): (to_date, projected)
            for contract, product, to_date, projected in usage._read_group(
                [("contract_id", "in", self.contract_id.ids)],
                ["contract_id", "product_id"],
                ["amount_to_date:sum", "amount_projected:sum"],
            )
        }
        for budget in self:
            parts = [
                amounts
                for (contract, product), amounts in spent.items()
                if contract == budget.contract_id
                and (not budget.product_id or product == budget.product_id)
            ]
            budget.amount_to_date = sum(part[0] for part in parts)
            budget.amount_projected = sum(part[1] for part in parts)
            budget.spent_percent = (
                100 * budget.amount_to_date / budget.amount if budget.amount else 0
            )

    @api.depends("contract_id", "product_id")
    def _compute_display_name(self):
        for budget in self:
            budget.display_name = self.env._(
                "%(contract)s: %(what)s",
                contract=budget.contract_id.name,
                what=budget.product_id.display_name or self.env._("all services"),
            )

    @api.model
    def _get_gated_fields(self):
        # Customer and company follow from the contract; rules go by them.
        return super()._get_gated_fields() | {
            "partner_id",
            "company_id",
            "level",
            "alerted_period",
        }

    # ------------------------------------------------------------------
    # Alerts
    # ------------------------------------------------------------------

    @api.model
    def _check(self, contracts):
        """Tell the contacts whose budget has reached another level this period."""
        budgets = self.sudo().search([("contract_id", "in", contracts.ids)])
        first_days = dict(
            self.env["iaas.current.usage"]
            .sudo()
            ._read_group(
                [("contract_id", "in", budgets.contract_id.ids)],
                ["contract_id"],
                ["date_from:max"],
            )
        )
        order = [level for level, _label in LEVELS]
        for budget in budgets:
            period = first_days.get(budget.contract_id)
            if not period:
                continue
            level = budget._get_level()
            told = budget.level if budget.alerted_period == period else None
            if level and (not told or order.index(level) > order.index(told)):
                budget._alert(level, period)

    def _alert(self, level, period):
        """Tell the contact once; what goes wrong with it is tried again the next time
        and keeps no other from being told."""
        try:
            with self.env.cr.savepoint():
                self.write({"level": level, "alerted_period": period})
                self._tell()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:  # noqa: BLE001 the other budgets must be checked
            _logger.error("%s: no alert", self.display_name, exc_info=error)

    def _get_level(self):
        if self.amount_to_date >= self.amount:
            return "exceeded"
        if self.amount_projected > self.amount:
            return "projected"
        if self.spent_percent >= self.alert_percent:
            return "warning"
        return None

    def _tell(self):
        self.env.ref("iaas_billing.mail_template_budget").send_mail(
            self.id,
            email_values={"recipient_ids": [fields.Command.set(self.contact_id.ids)]},
        )
