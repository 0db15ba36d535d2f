from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.iaas_contract.fields import ZERO
from odoo.addons.iaas_contract.models.iaas_contract import IN_FORCE_STATES
from odoo.addons.iaas_contract.pricing import day_start

_DAY = timedelta(days=1)
_SHARES = {"after": ZERO, "before": Decimal(100)}


class IaasContract(models.Model):
    """Fees that are due before the service: billed in advance, once per period, from
    the first day of the period (R92)."""

    _inherit = "iaas.contract"

    next_advance_date = fields.Date(
        string="Next Advance",
        compute="_compute_next_advance_date",
        store=True,
        index="btree_not_null",
        help="First day of the next period whose fees are to be billed in advance.",
    )

    @api.depends(
        "state",
        "date_start",
        "date_end",
        "cycle",
        "anchor_day",
        "timezone",
        "billed_until",
        "billing_timing",
        "advance_percent",
        "line_ids.billing_timing",
        "statement_ids.state",
        "version_ids.state",
        "version_ids.terms",
    )
    def _compute_next_advance_date(self):
        periods = self._get_advance_periods()
        for contract in self:
            period = periods.get(contract)
            contract.next_advance_date = period and contract._day_of(period[0])

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"next_advance_date"}

    # ------------------------------------------------------------------
    # Terms
    # ------------------------------------------------------------------

    def _bills_in_advance(self):
        """Whether the contract has any fees that are due before the service."""
        self.ensure_one()
        return self.billing_timing != "after" or any(
            timing not in (False, "after")
            for timing in self.line_ids.mapped("billing_timing")
        )

    def _get_advance_percent(self, discount, day):
        """The percentage of fees that is due before the service.

        :param discount: the discount line that holds for them, if any
        :param day: first day of the period: what is agreed later begins with the next
        """
        self.ensure_one()
        terms = discount
        if not discount.billing_timing:
            versions = self.sudo().version_ids.filtered(
                lambda version: version.state in ("in_force", "superseded")
            )
            stored = versions and self._version_on(day).terms
            if stored:
                timing = stored.get("billing_timing", "after")
                share = Decimal(stored.get("advance_percent", "0"))
                return _SHARES.get(timing, share)
            terms = self
        return _SHARES.get(terms.billing_timing, terms.advance_percent)

    # ------------------------------------------------------------------
    # Periods
    # ------------------------------------------------------------------

    def _get_advance_periods(self):
        """The next period of each contract whose fees may be billed in advance: not
        over, with terms that say so, and not billed in advance.

        :return: ``{contract: (start, end)}``, naive UTC
        """
        now = fields.Datetime.now()
        contracts = self.filtered(
            lambda contract: (
                contract.state in IN_FORCE_STATES
                and contract._bills_in_advance()
                and (not contract.date_end or contract.date_end >= contract.date_start)
            )
        )
        if not contracts:
            return {}
        posted = (
            self.env["iaas.statement"]
            .search(
                [
                    ("contract_id", "in", contracts.ids),
                    ("kind", "=", "advance"),
                    ("state", "=", "posted"),
                    ("period_end", ">", now),
                ]
            )
            .grouped("contract_id")
        )
        found = {}
        for contract in contracts:
            taken = posted.get(contract._origin, ())
            for start, end in contract._unbilled_periods():
                if end <= now or any(
                    advance.period_start < end and start < advance.period_end
                    for advance in taken
                ):
                    continue
                day = contract._day_of(start)
                if contract._has_share(day):
                    found[contract] = start, end
                    break
                if start > now:
                    # Terms that are not in force yet are looked at when they are.
                    break
        return found

    def _has_share(self, day):
        """Whether any fees of the period that begins on the day are due before it."""
        none = self.line_ids.browse()
        return any(
            self._get_advance_percent(line, day)
            for line in (none, *self.line_ids.filtered("billing_timing"))
        )

    def _due_advances(self, day):
        """The periods to bill in advance that have begun by the day after a civil
        day, and in which there are such fees. A renewal waits for what is rented to
        come over from the contract that it renews.

        :return: ``{contract: (start, end)}``
        """
        now = fields.Datetime.now()
        periods = {
            contract: period
            for contract, period in self._get_advance_periods().items()
            if period[0] <= now
            and period[0]
            <= day_start(day + _DAY, contract.timezone).replace(tzinfo=None)
            and contract._take_over_resources()
        }
        due = set()
        for contract, product in self._find_fees(periods):
            first = contract._day_of(periods[contract][0])
            discount = contract._get_discount(product, first)
            if contract._get_advance_percent(discount, first):
                due.add(contract)
        return {
            contract: period for contract, period in periods.items() if contract in due
        }

    @api.model
    def _find_fees(self, periods):
        """What recurs in a period or is charged once in it.

        :param periods: ``{contract: (start, end)}``
        :return: ``(contract, product)`` pairs
        """
        if not periods:
            return []
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT period.contract_id, resource.product_id
                  FROM unnest(%s::int[], %s::date[], %s::date[])
                       AS period (contract_id, first_day, last_day)
                  JOIN iaas_resource resource
                    ON resource.contract_id = period.contract_id
                   AND resource.is_void IS NOT TRUE
                   AND resource.date_start <= period.last_day
                   AND (resource.date_end IS NULL
                        OR resource.date_end >= period.first_day)
                  JOIN product_product product ON product.id = resource.product_id
                  JOIN product_template template
                    ON template.id = product.product_tmpl_id
                 WHERE template.iaas_charge_kind = 'recurring'
                    OR template.iaas_charge_kind = 'one_time'
                       AND resource.date_start >= period.first_day
                 ORDER BY 1, 2
                """,
                [contract.id for contract in periods],
                [contract._day_of(period[0]) for contract, period in periods.items()],
                [
                    contract._day_of(period[1]) - _DAY
                    for contract, period in periods.items()
                ],
            )
        )
        return [
            (self.browse(contract_id), self.env["product.product"].browse(product_id))
            for contract_id, product_id in rows
        ]

    # ------------------------------------------------------------------
    # Credit
    # ------------------------------------------------------------------

    def _get_accruing(self):
        """What was billed in advance is owed already: it does not accrue."""
        accruing = super()._get_accruing()
        now = fields.Datetime.now()
        advances = self.env["iaas.statement"].search(
            [
                ("contract_id", "in", self.ids),
                ("kind", "=", "advance"),
                ("state", "=", "posted"),
                ("period_start", "<=", now),
                ("period_end", ">", now),
            ]
        )
        for contract, own in advances.grouped("contract_id").items():
            billed = sum(own.move_id.mapped("amount_total_signed"))
            accruing -= min(billed, super(IaasContract, contract)._get_accruing())
        return accruing
