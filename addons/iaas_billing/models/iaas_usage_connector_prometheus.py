from datetime import timezone

from odoo import fields, models
from odoo.exceptions import UserError

from ..metering import read_prometheus

# Prometheus refuses more than 11,000 samples of a series in one answer.
_MOST_SAMPLES = 10_000
_HOUR = 3600


class IaasUsageConnector(models.Model):
    """Prometheus: each query is asked over each window."""

    _inherit = "iaas.usage.connector"

    query_ids = fields.One2many(
        "iaas.usage.connector.query", "connector_id", string="Queries", copy=True
    )

    def _get_window_hours(self):
        hours = super()._get_window_hours()
        if self.kind != "prometheus" or not self.query_ids:
            return hours
        step = min(self.query_ids.mapped("step_seconds"))
        return max(1, min(hours, step * _MOST_SAMPLES // _HOUR))

    def _restart(self):
        result = super()._restart()
        self.query_ids.alive = False
        return result

    def _fetch_prometheus(self, start, end, cursor, dry):
        if not self.query_ids:
            raise UserError(self.env._("Enter what Prometheus is asked: its queries."))
        done = cursor["after"] if cursor else 0
        queries = self.query_ids.filtered(lambda query: query.id > done).sorted("id")
        if not queries:
            return [], None
        query = queries[0]
        first, last = (
            int(moment.replace(tzinfo=timezone.utc).timestamp())
            for moment in (start, end)
        )
        # Samples at multiples of the step: the same ones whatever the window.
        first = -(-first // query.step_seconds) * query.step_seconds
        events = []
        if first < last:
            events, alive = self._ask_prometheus(query, first, last)
            if not dry:
                query.alive = alive
        return events, {"after": query.id} if len(queries) > 1 else None

    def _ask_prometheus(self, query, first, last):
        document = self._get_json(
            f"{self.url.rstrip('/')}/api/v1/query_range",
            {
                "query": query.promql,
                "start": first,
                "end": first
                + (last - 1 - first) // query.step_seconds * query.step_seconds,
                "step": query.step_seconds,
            },
            method="POST",
        )
        _types, _subjects, meters = self.env["iaas.usage.event"]._get_names(
            self.source_id
        )
        return read_prometheus(
            document,
            self.source_id.code,
            query._get_series(),
            first,
            last,
            meters,
            query.alive or {},
        )
