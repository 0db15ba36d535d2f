from datetime import date
from operator import itemgetter

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, groupby

from odoo.addons.iaas_contract.models.iaas_contract import IN_FORCE_STATES
from odoo.addons.iaas_contract.pricing import day_start

_FIRST_DAY = "0001-01-01"
_LAST_DAY = "9999-12-31"


class IaasUsageQuarantine(models.Model):
    """Finds what is used on days that no contract covers: no statement has these
    days, so nothing else would ever show that they are not billed."""

    _inherit = "iaas.usage.quarantine"

    @api.model
    def _cron_find_outside_contract(self):
        """Open what is used outside its contract, close what a contract covers now."""
        by_resource = dict(groupby(self._find_outside_contract(), key=itemgetter(0)))
        resources = self.env["iaas.resource"].browse(by_resource)
        found = {resource: by_resource[resource.id] for resource in resources}
        known = self.search(
            [("reason", "=", "outside_contract"), ("state", "=", "open")]
        )
        over = known.filtered(lambda group: group.resource_id not in found)
        over._close("done")
        for group in known - over:
            group._refresh_outside_contract(found.pop(group.resource_id))
        self.create(
            [
                self._prepare_outside_contract(resource, rows)
                for resource, rows in found.items()
            ]
        )._remind()

    def action_view_outside_usage(self):
        """Open the daily usage that no contract covers."""
        self.ensure_one()
        gaps = self.env.execute_query(self._gap_sql(self.contract_id))
        days = Domain.OR(_between(first, last) for _contract, first, last in gaps)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_daily_action"
        )
        domain = Domain("resource_id", "=", self.resource_id.id) & days
        return action | {"domain": list(domain), "context": {}}

    def _refresh_outside_contract(self, rows):
        """More of it was used, or a contract covers some days more."""
        values = self._prepare_outside_contract(self.resource_id, rows)
        changed = {
            name: values[name]
            for name in ("first_seen", "last_seen", "detail")
            if self[name] != values[name]
        }
        if changed:
            self.write(changed)

    @api.model
    def _prepare_outside_contract(self, resource, rows):
        """:param rows: of the resource, as ``_find_outside_contract``"""
        contract = resource.contract_id
        first = min(row[2] for row in rows)
        last = max(row[3] for row in rows)
        return {
            "reason": "outside_contract",
            "name": resource.external_ref,
            "resource_id": resource.id,
            "company_id": resource.company_id.id,
            "user_id": (
                contract.user_id or self._get_owner(None, resource.company_id)
            ).id,
            "first_seen": _instant(first, contract),
            "last_seen": _instant(last, contract),
            "detail": "\n".join(
                [
                    self._describe_contract(contract),
                    *(self._describe_outside_usage(*row[1:]) for row in rows),
                ]
            ),
        }

    @api.model
    def _describe_contract(self, contract):
        if not contract.date_end:
            return self.env._(
                "%(contract)s begins on %(first)s.",
                contract=contract.display_name,
                first=format_date(self.env, contract.date_start),
            )
        return self.env._(
            "%(contract)s runs from %(first)s to %(last)s.",
            contract=contract.display_name,
            first=format_date(self.env, contract.date_start),
            last=format_date(self.env, contract.date_end),
        )

    @api.model
    def _describe_outside_usage(self, meter_id, first, last, quantity, events):
        meter = self.env["iaas.meter"].browse(meter_id)
        said = {
            "meter": meter.name,
            "first": format_date(self.env, first),
            "last": format_date(self.env, last),
            "events": events,
        }
        if quantity is None:
            return self.env._(
                "%(meter)s, %(first)s to %(last)s: %(events)s events", **said
            )
        return self.env._(
            "%(meter)s, %(first)s to %(last)s: %(quantity)s %(unit)s (%(events)s "
            "events)",
            quantity=quantity,
            unit=meter.uom_id.name or "",
            **said,
        )

    @api.model
    def _find_outside_contract(self):
        """(resource, meter, first day, last day, sum where days add up, number of
        events) of use outside the contracts, by resource, without the days that were
        dismissed."""
        self.flush_model()
        for model in ("iaas.resource", "iaas.contract", "iaas.meter"):
            self.env[model].flush_model()
        return self.env.execute_query(
            SQL(
                """
                WITH %s
                SELECT daily.resource_id, daily.meter_id, MIN(daily.day),
                       MAX(daily.day), trim_scale(SUM(daily.quantity))::text,
                       SUM(daily.event_count)::bigint
                  FROM gap
                  JOIN iaas_resource resource
                    ON resource.contract_id = gap.contract_id
                  JOIN iaas_usage_daily daily
                    ON daily.resource_id = resource.id
                   AND daily.day BETWEEN gap.first_day AND gap.last_day
                 WHERE NOT %s
                   AND NOT EXISTS (
                       SELECT FROM dismissed
                        WHERE dismissed.resource_id = daily.resource_id
                          AND dismissed.day = daily.day)
                 GROUP BY daily.resource_id, daily.meter_id
                 ORDER BY daily.resource_id, daily.meter_id
                """,
                self._outside_sql(),
                self._comes_over_sql(SQL("daily.day")),
            )
        )

    @api.model
    def _outside_sql(self):
        """The named queries ``gap``, ``renewal`` and ``dismissed``: the days outside
        the contracts, the renewals in force that take over what is rented once the
        contract is billed to its end, and the days outside that were dismissed."""
        return SQL(
            """
            gap (contract_id, first_day, last_day) AS (%(gap)s),
            renewal AS (%(renewal)s),
            dismissed AS MATERIALIZED (
                SELECT resource.id AS resource_id, moment.day::date AS day
                  FROM iaas_usage_quarantine quarantine
                  JOIN iaas_resource resource ON resource.id = quarantine.resource_id
                  JOIN iaas_contract contract ON contract.id = resource.contract_id
                 CROSS JOIN LATERAL generate_series(
                       (quarantine.first_seen AT TIME ZONE 'UTC'
                        AT TIME ZONE contract.timezone)::date::timestamp,
                       (quarantine.last_seen AT TIME ZONE 'UTC'
                        AT TIME ZONE contract.timezone)::date::timestamp,
                       '1 day') AS moment (day)
                  JOIN gap
                    ON gap.contract_id = contract.id
                   AND moment.day BETWEEN gap.first_day AND gap.last_day
                 WHERE quarantine.reason = 'outside_contract'
                   AND quarantine.state = 'dismissed'
                   AND NOT %(comes_over)s)
            """,
            gap=self._gap_sql(),
            renewal=self._renewal_sql(),
            comes_over=self._comes_over_sql(SQL("moment.day")),
        )

    @api.model
    def _renewal_sql(self):
        """The query of (contract, first day, last day) of what renews it, and what
        renews that, as far as it is signed."""
        return SQL(
            """
            WITH RECURSIVE chain (contract_id, holder_id) AS (
                SELECT id, renewal_of_id FROM iaas_contract
                 WHERE renewal_of_id IS NOT NULL AND state = ANY(%(states)s)
                 UNION
                SELECT contract.id, chain.holder_id
                  FROM chain
                  JOIN iaas_contract contract
                    ON contract.renewal_of_id = chain.contract_id
                   AND contract.state = ANY(%(states)s))
            SELECT chain.holder_id AS contract_id, contract.date_start AS first_day,
                   COALESCE(contract.date_end, %(last)s) AS last_day
              FROM chain
              JOIN iaas_contract contract ON contract.id = chain.contract_id
            """,
            states=["signed", *IN_FORCE_STATES],
            last=_LAST_DAY,
        )

    @api.model
    def _comes_over_sql(self, day):
        """Whether ``resource`` will on that day be under a ``renewal``, which bills
        it: it waits under the old contract until that is billed."""
        return SQL(
            """
            EXISTS (
                SELECT FROM renewal
                 WHERE renewal.contract_id = resource.contract_id
                   AND resource.active
                   AND (resource.date_end IS NULL
                        OR resource.date_end >= renewal.first_day)
                   AND %s BETWEEN renewal.first_day AND renewal.last_day)
            """,
            day,
        )

    @api.model
    def _gap_sql(self, contracts=None):
        """The query of (contract, first day, last day) of all stretches of days that
        neither the contract nor one that it renews covers."""
        return SQL(
            """
            WITH RECURSIVE chain (contract_id, holder_id) AS (
                SELECT id, id FROM iaas_contract WHERE %(some)s
                 UNION
                SELECT contract.renewal_of_id, chain.holder_id
                  FROM chain
                  JOIN iaas_contract contract ON contract.id = chain.contract_id
                 WHERE contract.renewal_of_id IS NOT NULL),
            covered AS (
                SELECT chain.holder_id, contract.date_start AS first_day,
                       COALESCE(contract.date_end, %(last)s) AS last_day
                  FROM chain
                  JOIN iaas_contract contract ON contract.id = chain.contract_id
                 WHERE contract.date_end IS NULL
                    OR contract.date_end >= contract.date_start),
            gap AS (
                SELECT holder_id,
                       COALESCE(
                           MAX(last_day) OVER (
                               PARTITION BY holder_id ORDER BY first_day, last_day
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + 1,
                           %(first)s) AS first_day,
                       first_day - 1 AS last_day
                  FROM covered
                 UNION ALL
                SELECT chain.holder_id,
                       COALESCE(MAX(covered.last_day) + 1, %(first)s),
                       %(last)s
                  FROM (SELECT DISTINCT holder_id FROM chain) chain
                  LEFT JOIN covered ON covered.holder_id = chain.holder_id
                 GROUP BY chain.holder_id)
            SELECT holder_id, first_day, last_day
              FROM gap
             WHERE first_day <= last_day
            """,
            some=SQL("TRUE")
            if contracts is None
            else SQL("id = ANY(%s)", contracts.ids),
            first=_FIRST_DAY,
            last=_LAST_DAY,
        )


def _instant(day, contract):
    """The first instant of a civil day of the contract, naive UTC."""
    return fields.Datetime.to_datetime(
        day_start(day, contract.timezone).replace(tzinfo=None)
    )


def _between(first, last):
    """The days of a gap. Ends that are open are left out: the web client takes no
    year 1."""
    domain = Domain.TRUE
    if first != date.min:
        domain &= Domain("day", ">=", first)
    if last != date.max:
        domain &= Domain("day", "<=", last)
    return domain
