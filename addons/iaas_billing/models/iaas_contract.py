from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.iaas_contract.models.iaas_contract import IN_FORCE_STATES
from odoo.addons.iaas_contract.pricing import billing_periods, day_start

from .iaas_statement import INVOICE_GROUPINGS

_DAY = timedelta(days=1)


class IaasContract(models.Model):
    _inherit = "iaas.contract"

    statement_ids = fields.One2many("iaas.statement", "contract_id")
    statement_count = fields.Integer(compute="_compute_statement_count")
    billed_until = fields.Datetime(
        compute="_compute_billed_until",
        store=True,
        help="First instant (UTC) that no posted statement covers. "
        "Periods are billed in their order.",
    )
    next_billing_date = fields.Date(
        string="Billable From",
        compute="_compute_next_billing_date",
        store=True,
        index="btree_not_null",
        help="First day on which the next unbilled period is over.",
    )
    invoice_grouping = fields.Selection(
        INVOICE_GROUPINGS,
        string="Invoice Lines",
        default="family",
        required=True,
        help="What becomes one line of the invoice. The detail stays on the statement.",
    )
    billing_blocker_ids = fields.One2many("iaas.billing.blocker", "contract_id")
    open_blocker_count = fields.Integer(
        string="Billing Blockers", compute="_compute_open_blocker_count"
    )

    def _compute_statement_count(self):
        counts = dict(
            self.env["iaas.statement"]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.statement_count = counts.get(contract._origin, 0)

    @api.depends("billing_blocker_ids.state")
    def _compute_open_blocker_count(self):
        counts = dict(
            self.env["iaas.billing.blocker"]._read_group(
                [("contract_id", "in", self.ids), ("state", "=", "open")],
                ["contract_id"],
                ["__count"],
            )
        )
        for contract in self:
            contract.open_blocker_count = counts.get(contract._origin, 0)

    @api.depends("statement_ids.state", "statement_ids.period_end")
    def _compute_billed_until(self):
        until = dict(
            self.env["iaas.statement"]._read_group(
                [
                    ("contract_id", "in", self.ids),
                    ("state", "=", "posted"),
                    ("kind", "=", "regular"),
                ],
                ["contract_id"],
                ["period_end:max"],
            )
        )
        for contract in self:
            contract.billed_until = until.get(contract._origin, False)

    @api.depends(
        "state",
        "date_start",
        "date_end",
        "cycle",
        "anchor_day",
        "timezone",
        "billed_until",
    )
    def _compute_next_billing_date(self):
        for contract in self:
            period = None
            # While terms are typed, the last day may lie before the first one.
            if contract.state in IN_FORCE_STATES and (
                not contract.date_end or contract.date_end >= contract.date_start
            ):
                period = next(contract._unbilled_periods(), None)
            contract.next_billing_date = period and contract._day_of(period[1])

    # ------------------------------------------------------------------
    # Gate
    # ------------------------------------------------------------------

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"billed_until", "next_billing_date"}

    def write(self, vals):
        if "date_end" in vals and not self.env.su:
            self._check_last_day(fields.Date.to_date(vals["date_end"]))
        return super().write(vals)

    def _terminate(self, last_day, reason):
        if not self.env.su:
            self._check_last_day(last_day)
        return super()._terminate(last_day, reason)

    def _check_last_day(self, last_day):
        """Days that were billed stay under contract."""
        for contract in self:
            billed = contract._get_last_billed_day()
            if billed and last_day and last_day < billed:
                raise UserError(
                    self.env._(
                        "%(contract)s is billed up to %(billed)s and cannot end on "
                        "%(day)s. End it on %(billed)s or later and credit what the "
                        "customer shall not pay by a credit note.",
                        contract=contract.display_name,
                        billed=format_date(self.env, billed),
                        day=format_date(self.env, last_day),
                    )
                )

    def _get_last_billed_day(self):
        """The last civil day that a posted statement covers, if any."""
        self.ensure_one()
        billed_until = self.sudo().billed_until
        return billed_until and self._day_of(billed_until) - _DAY

    # ------------------------------------------------------------------
    # Periods
    # ------------------------------------------------------------------

    def _settlement_periods(self):
        """The periods of the contract, as naive UTC pairs, in order; endless for a
        contract without a last day."""
        self.ensure_one()
        # The last day of the calendar stands for an open end.
        closed = self.date_end and self.date_end < date.max
        after = self.date_end + _DAY if closed else None
        for start, end in billing_periods(
            self.date_start, after, self.cycle, self.anchor_day, self.timezone
        ):
            yield start.replace(tzinfo=None), end.replace(tzinfo=None)

    def _unbilled_periods(self):
        """The periods after the last billed instant, as ``_settlement_periods``."""
        for start, end in self._settlement_periods():
            if self.billed_until and end <= self.billed_until:
                continue
            yield max(start, self.billed_until or start), end

    def _due_periods(self, day):
        """The unbilled periods that are over and end on or before the civil day."""
        limit = min(
            day_start(day + _DAY, self.timezone).replace(tzinfo=None),
            fields.Datetime.now(),
        )
        periods = []
        if self.state in IN_FORCE_STATES:
            for period in self._unbilled_periods():
                if period[1] > limit:
                    break
                periods.append(period)
        return periods

    def _prepare_statement(self, start, end):
        """The values of the draft statement of a period."""
        self.ensure_one()
        return {
            "contract_id": self.id,
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "settlement_mode": self.settlement_mode,
            "invoice_grouping": self.invoice_grouping,
            "timezone": self.timezone,
            "period_start": start,
            "period_end": end,
        }

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_view_statements(self):
        """Open the statements of the contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_statement_action"
        )
        return action | {"domain": [("contract_id", "=", self.id)], "context": {}}

    def action_view_usage(self):
        """Open the usage events of what is rented under the contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_event_action"
        )
        return action | {"domain": [("contract_id", "=", self.id)]}

    def action_view_billing_blockers(self):
        """Open what blocks the billing of the contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_billing_blocker_action"
        )
        return action | {"domain": [("contract_id", "=", self.id)]}

    def action_bill(self):
        """Bill the elapsed periods of the chosen contracts, by company."""
        runs = self.env["iaas.billing.run"]
        for company, contracts in self.grouped("company_id").items():
            runs += runs.create(
                {
                    "company_id": company.id,
                    "date": fields.Date.context_today(self) - _DAY,
                    "contract_ids": contracts.ids,
                }
            )
        runs.action_start()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_billing_run_action"
        )
        if len(runs) == 1:
            return action | {"res_id": runs.id, "views": [(False, "form")]}
        return action | {"domain": [("id", "in", runs.ids)]}
