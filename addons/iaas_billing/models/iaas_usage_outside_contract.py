from datetime import date
from operator import itemgetter

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, groupby

from odoo.addons.iaas_contract.pricing import day_start


class IaasUsageQuarantine(models.Model):
    """Finds what is used on days that no contract covers: no statement has these
    days, so nothing else would ever show that they are not billed."""

    _inherit = "iaas.usage.quarantine"

    @api.model
    def _cron_find_outside_contract(self):
        """Open what is used outside its contract, close what a contract covers now."""
        found = {
            self.env["iaas.resource"].browse(resource_id): rows
            for resource_id, rows in groupby(
                self._find_outside_contract(), key=itemgetter(0)
            )
        }
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
                WITH gap (contract_id, first_day, last_day) AS (%s)
                SELECT daily.resource_id, daily.meter_id, MIN(daily.day),
                       MAX(daily.day), trim_scale(SUM(daily.quantity))::text,
                       SUM(daily.event_count)::bigint
                  FROM gap
                  JOIN iaas_resource resource
                    ON resource.contract_id = gap.contract_id
                  JOIN iaas_contract contract ON contract.id = gap.contract_id
                  JOIN iaas_usage_daily daily
                    ON daily.resource_id = resource.id
                   AND daily.day BETWEEN gap.first_day AND gap.last_day
                 WHERE NOT EXISTS (%s)
                 GROUP BY daily.resource_id, daily.meter_id
                 ORDER BY daily.resource_id, daily.meter_id
                """,
                self._gap_sql(),
                self._dismissed_sql(SQL("resource.id"), SQL("daily.day")),
            )
        )

    @api.model
    def _dismissed_sql(self, resource, day):
        """The dismissals of use outside the contract on a day of ``contract``."""
        return SQL(
            """
            SELECT FROM iaas_usage_quarantine dismissed
             WHERE dismissed.reason = 'outside_contract'
               AND dismissed.state = 'dismissed'
               AND dismissed.resource_id = %(resource)s
               AND %(day)s
                   BETWEEN (dismissed.first_seen AT TIME ZONE 'UTC'
                            AT TIME ZONE contract.timezone)::date
                       AND (dismissed.last_seen AT TIME ZONE 'UTC'
                            AT TIME ZONE contract.timezone)::date
            """,
            resource=resource,
            day=day,
        )

    @api.model
    def _gap_sql(self, contracts=None):
        """The query of (contract, first day, last day) of all stretches of days that
        neither the contract nor one that it renews covers."""
        return SQL(
            """
            WITH RECURSIVE chain (contract_id, holder_id) AS (
                SELECT id, id FROM iaas_contract WHERE %s
                 UNION
                SELECT contract.renewal_of_id, chain.holder_id
                  FROM chain
                  JOIN iaas_contract contract ON contract.id = chain.contract_id
                 WHERE contract.renewal_of_id IS NOT NULL),
            covered AS (
                SELECT chain.holder_id, contract.date_start AS first_day,
                       COALESCE(contract.date_end, '9999-12-31') AS last_day
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
                           '0001-01-01') AS first_day,
                       first_day - 1 AS last_day
                  FROM covered
                 UNION ALL
                SELECT chain.holder_id,
                       COALESCE(MAX(covered.last_day) + 1, '0001-01-01'),
                       '9999-12-31'
                  FROM (SELECT DISTINCT holder_id FROM chain) chain
                  LEFT JOIN covered ON covered.holder_id = chain.holder_id
                 GROUP BY chain.holder_id)
            SELECT holder_id, first_day, last_day
              FROM gap
             WHERE first_day <= last_day
            """,
            SQL("TRUE") if contracts is None else SQL("id = ANY(%s)", contracts.ids),
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
