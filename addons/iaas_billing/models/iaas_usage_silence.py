from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# How long before its silence usage may lie to be known as "reported before".
_MEMORY_DAYS = 62


class IaasUsageQuarantine(models.Model):
    """Finds the resources whose meter has fallen silent: use that nobody reports is
    never billed."""

    _inherit = "iaas.usage.quarantine"

    @api.model
    def _cron_find_silence(self):
        """Open what has fallen silent, close what speaks again or was stopped."""
        silent = {(row[0], row[1]): row for row in self._find_silence()}
        known = self.search([("reason", "=", "silent"), ("state", "=", "open")])
        over = known.filtered(
            lambda group: (group.resource_id.id, group.meter_id.id) not in silent
        )
        over._close("done")
        for group in known - over:
            silent.pop((group.resource_id.id, group.meter_id.id))
        for resource, meter in self._get_dismissed_silences():
            # Dismissed until it speaks again.
            silent.pop((resource, meter), None)
        self._open_silences(silent.values())

    @api.model
    def _open_silences(self, rows):
        Resource, Meter = self.env["iaas.resource"], self.env["iaas.meter"]
        Source = self.env["iaas.usage.source"]
        now = fields.Datetime.now()
        values = []
        for resource_id, meter_id, last, source_id in rows:
            resource, meter = Resource.browse(resource_id), Meter.browse(meter_id)
            source = Source.browse(source_id)
            company = resource.company_id
            values.append(
                {
                    "reason": "silent",
                    "name": f"{resource.external_ref} / {meter.code}",
                    "resource_id": resource_id,
                    "meter_id": meter_id,
                    "source_id": source_id,
                    "company_id": company.id,
                    "first_seen": last or resource.date_start,
                    "last_seen": last or now,
                    "user_id": (
                        source.user_id
                        or resource.contract_id.user_id
                        or self._get_owner(source, company)
                    ).id,
                    "detail": self.env._(
                        "%(meter)s last reported %(resource)s for %(time)s UTC.",
                        meter=meter.name,
                        resource=resource.display_name,
                        time=last,
                    )
                    if last
                    else self.env._(
                        "%(resource)s is rented since %(day)s and %(meter)s has "
                        "reported no usage for at least %(days)s days.",
                        resource=resource.display_name,
                        day=resource.date_start,
                        meter=meter.name,
                        days=meter.silent_days,
                    ),
                }
            )
        self.create(values)._remind()

    @api.model
    def _get_dismissed_silences(self):
        """The pairs dismissed that have not spoken since."""
        self.flush_model()
        return self.env.execute_query(
            SQL(
                """
                SELECT known.resource_id, known.meter_id
                  FROM iaas_usage_quarantine known
                 WHERE known.reason = 'silent' AND known.state = 'dismissed'
                   AND NOT EXISTS (
                       SELECT FROM iaas_usage_event event
                        WHERE event.resource_id = known.resource_id
                          AND event.meter_id = known.meter_id
                          AND event.time > known.last_seen)
                """
            )
        )

    @api.model
    def _find_silence(self):
        """(resource, meter, last event or None, its source or None) of running
        resources that a watched meter should report and does not.

        A resource is expected under the meter of its product, and under any meter
        that reported it in the last two months.
        """
        for model in ("iaas.resource", "iaas.meter", "iaas.contract"):
            self.env[model].flush_model()
        now = fields.Datetime.now()
        return self.env.execute_query(
            SQL(
                """
                WITH watched AS (
                    SELECT id, product_id,
                           %(now)s - silent_days * interval '1 day' AS since
                      FROM iaas_meter
                     WHERE active AND silent_days > 0
                ), running AS (
                    SELECT resource.id, resource.product_id, resource.date_start
                      FROM iaas_resource resource
                      JOIN iaas_contract contract ON contract.id = resource.contract_id
                     WHERE resource.date_start <= %(today)s
                       AND (resource.date_end IS NULL
                            OR resource.date_end >= %(today)s)
                       AND contract.state IN ('signed', 'active', 'expiring',
                                              'renewed')
                ), recent AS (
                    SELECT resource_id, meter_id, MAX(time) AS last
                      FROM iaas_usage_event
                     WHERE time >= %(memory)s
                     GROUP BY resource_id, meter_id
                ), expected AS (
                    SELECT running.id AS resource_id, watched.id AS meter_id,
                           watched.since
                      FROM running
                      JOIN watched ON watched.product_id = running.product_id
                     WHERE running.date_start <= watched.since
                     UNION
                    SELECT running.id, watched.id, watched.since
                      FROM recent
                      JOIN running ON running.id = recent.resource_id
                      JOIN watched ON watched.id = recent.meter_id
                ), silent AS (
                    SELECT expected.resource_id, expected.meter_id, recent.last
                      FROM expected
                      LEFT JOIN recent USING (resource_id, meter_id)
                     WHERE recent.last IS NULL OR recent.last < expected.since
                ), sender AS (
                    SELECT event.resource_id, event.meter_id,
                           MIN(event.source_id) AS source_id
                      FROM iaas_usage_event event
                      JOIN silent ON silent.resource_id = event.resource_id
                                 AND silent.meter_id = event.meter_id
                                 AND silent.last = event.time
                     WHERE event.time >= %(memory)s
                     GROUP BY event.resource_id, event.meter_id
                )
                SELECT silent.resource_id, silent.meter_id, silent.last,
                       sender.source_id
                  FROM silent
                  LEFT JOIN sender USING (resource_id, meter_id)
                 ORDER BY silent.resource_id, silent.meter_id
                """,
                now=now,
                today=fields.Date.today(),
                memory=now - timedelta(days=_MEMORY_DAYS),
            )
        )
