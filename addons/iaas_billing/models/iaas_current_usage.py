import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from odoo.addons.iaas_contract.fields import Decimal
from odoo.addons.iaas_contract.models.iaas_contract import LIVE_STATES
from odoo.addons.iaas_contract.pricing import day_start, round_half_up
from odoo.addons.iaas_contract.pricing.numbers import ZERO

from ..rating import Elapsed

_logger = logging.getLogger(__name__)
_BATCH_SIZE = 100
_RATED_TO = "iaas_billing.current_usage_rated_to"


class IaasCurrentUsage(models.Model):
    """What the period that runs comes to so far, and at this pace by its end (R49).

    Made anew every few hours by the very rating that will bill the period, of a
    statement that is not kept. It is what customers see and budgets are measured by.
    """

    _name = "iaas.current.usage"
    _description = "Current Usage"
    _inherit = ["iaas.decimal.mixin"]
    _order = "contract_id, amount_projected desc, id"
    _rec_name = "product_id"

    # Customers may not read products, but know what they rent by name.
    display_name = fields.Char(compute_sudo=True)
    contract_id = fields.Many2one(
        "iaas.contract", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True)
    resource_id = fields.Many2one("iaas.resource", required=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True)
    family_id = fields.Many2one("product.category", required=True)
    meter_id = fields.Many2one("iaas.meter")
    charge_kind = fields.Selection(
        selection=lambda self: (
            self.env["iaas.statement.line"]
            ._fields["charge_kind"]
            ._description_selection(self.env)
        ),
        required=True,
    )
    quantity = Decimal(
        aggregator=None, help="Counted so far; of a fee, what is rented."
    )
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    amount_to_date = fields.Monetary(string="To Date")
    amount_projected = fields.Monetary(
        string="Projected",
        help="By the end of the period: fees for all its days, usage that adds up at "
        "the pace so far, other usage as it stands.",
    )
    date_from = fields.Date(string="Period from", required=True)
    date_to = fields.Date(string="Period to", required=True)

    _resource_unique = models.UniqueIndex(
        "(contract_id, resource_id, product_id, COALESCE(meter_id, 0), charge_kind)",
        "A resource has one entry per product, meter and kind of charge.",
    )

    # ------------------------------------------------------------------
    # Refresh
    # ------------------------------------------------------------------

    @api.model
    def _cron_refresh(self):
        """Rate the running period of every contract in force anew.

        Where time is over before all are rated, the next call goes on behind them.
        """
        cron = self.env["ir.cron"]
        parameters = self.env["ir.config_parameter"].sudo()
        contracts = self._get_contracts()
        self.search([("contract_id", "not in", contracts.ids)]).unlink()
        rated_to = int(parameters.get_param(_RATED_TO) or 0)
        contracts = contracts.filtered(lambda contract: contract.id > rated_to)
        cron._commit_progress(remaining=len(contracts))
        for start in range(0, len(contracts), _BATCH_SIZE):
            batch = contracts[start : start + _BATCH_SIZE]
            self._refresh(batch)
            self.env["iaas.budget"]._check(batch)
            if not cron._commit_progress(len(batch)):
                parameters.set_param(_RATED_TO, batch[-1].id)
                return
            self.env.invalidate_all()
        parameters.set_param(_RATED_TO, False)

    @api.model
    def _get_contracts(self):
        """The contracts with a period that runs."""
        return self.env["iaas.contract"].search(
            [("state", "in", LIVE_STATES)], order="id"
        )

    @api.model
    def _refresh(self, contracts):
        """Replace the entries of the contracts; one that cannot be rated keeps none
        and says why."""
        self = self.sudo()
        for company, some in contracts.sudo().grouped("company_id").items():
            values, problems = self.with_company(company)._rate(some)
            self.search([("contract_id", "in", some.ids)]).unlink()
            self.create(values)
            for contract in some:
                problem = problems.get(contract.id, False)
                if contract.current_usage_problem != problem:
                    contract.current_usage_problem = problem

    @api.model
    def _rate(self, contracts):
        """Rate the running periods and forget the statements again.

        :return: the values of the entries, and ``{contract id: reason}``
        """
        try:
            return self._rate_together(contracts)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:  # noqa: BLE001 any failure must leave the others rated
            if len(contracts) == 1:
                if not isinstance(error, (UserError, ValueError)):
                    _logger.error("%s failed", contracts.name, exc_info=error)
                return [], {contracts.id: str(error)}
        values, problems = [], {}
        middle = len(contracts) // 2
        for half in (contracts[:middle], contracts[middle:]):
            some, failed = self._rate(half)
            values += some
            problems |= failed
        return values, problems

    def _rate_together(self, contracts):
        now = fields.Datetime.now()
        with self.env.cr.savepoint() as savepoint:
            statements = (
                self.env["iaas.statement"]
                .with_context(tracking_disable=True, mail_create_nolog=True)
                .create(
                    [
                        # A number of its own would leave a gap.
                        contract._prepare_statement(*period) | {"name": contract.name}
                        for contract in contracts
                        if (period := contract._get_running_period(now))
                    ]
                )
            )
            problems = {
                statement.contract_id.id: reason
                for statement, reason in statements._rate().items()
            }
            values = [
                entry
                for statement in statements
                for entry in self._prepare_entries(statement, now)
            ]
            savepoint.rollback()
        self.env.invalidate_all()
        return values, problems

    def _prepare_entries(self, statement, now):
        """The values of the entries of a rated statement, a shortfall apart: what is
        missing from a commitment is known at its end. What was billed in advance is
        part of what the period comes to."""
        elapsed = Elapsed(statement.period_start, statement.period_end, now)
        entries = {}
        for line in statement.line_ids.filtered(
            lambda line: line.resource_id and not line.settles_line_id
        ):
            to_date, projected = self._project(line, elapsed)
            key = (
                line.resource_id.id,
                line.product_id.id,
                line.meter_id.id,
                line.charge_kind,
            )
            entry = entries.setdefault(
                key,
                {
                    "contract_id": statement.contract_id.id,
                    "partner_id": statement.partner_id.id,
                    "company_id": statement.company_id.id,
                    "currency_id": statement.currency_id.id,
                    "resource_id": line.resource_id.id,
                    "product_id": line.product_id.id,
                    "family_id": line.family_id.id,
                    "meter_id": line.meter_id.id,
                    "charge_kind": line.charge_kind,
                    "quantity": ZERO,
                    "amount_to_date": ZERO,
                    "amount_projected": ZERO,
                    "date_from": statement.date_from,
                    "date_to": statement.date_to,
                },
            )
            if line.charge_kind == "usage":
                entry["quantity"] += line.quantity
            else:
                entry["quantity"] = line.quantity
            entry["amount_to_date"] += to_date
            entry["amount_projected"] += projected
        digits = statement.currency_id.decimal_places
        for entry in entries.values():
            for name in ("amount_to_date", "amount_projected"):
                entry[name] = round_half_up(entry[name], digits)
        return list(entries.values())

    def _project(self, line, elapsed):
        """What a line comes to now and by the end of the period."""
        if line.charge_kind == "usage":
            if line.meter_id._is_additive():
                return line.amount_exact, elapsed.project(line.amount_exact)
            return line.amount_exact, line.amount_exact
        zone = line.statement_id.timezone
        first = day_start(line.segment_start, zone)
        after = day_start(fields.Date.add(line.segment_end, days=1), zone)
        own = elapsed.within(first.replace(tzinfo=None), after.replace(tzinfo=None))
        if line.charge_kind == "one_time":
            return (line.amount_exact if own.share else ZERO), line.amount_exact
        return own.share_of(line.amount_exact), line.amount_exact
