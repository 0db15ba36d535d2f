from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.iaas_contract.models.iaas_contract import IN_FORCE_STATES
from odoo.addons.iaas_contract.pricing import billing_periods, day_start

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
                [("contract_id", "in", self.ids), ("state", "=", "posted")],
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
            period = contract.state in IN_FORCE_STATES and next(
                contract._unbilled_periods(), None
            )
            contract.next_billing_date = period and contract._day_of(period[1])

    # ------------------------------------------------------------------
    # Periods
    # ------------------------------------------------------------------

    def _unbilled_periods(self):
        """The periods after the last billed instant, as naive UTC pairs, in order;
        endless for a contract without a last day."""
        self.ensure_one()
        after = self.date_end and self.date_end + _DAY
        for start, end in billing_periods(
            self.date_start, after or None, self.cycle, self.anchor_day, self.timezone
        ):
            start, end = start.replace(tzinfo=None), end.replace(tzinfo=None)
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
