from collections import defaultdict
from datetime import timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from zoneinfo import ZoneInfo

from odoo.tools import SQL

from odoo.addons.iaas_contract.pricing import day_start
from odoo.addons.iaas_contract.pricing.numbers import exact

from ..metering import aggregate

_DAY = timedelta(days=1)

#: Summed by PostgreSQL; the other aggregations look at each event.
SUMMED = ("sum", "count")
#: A level that lasts until the next event, hence begins before the period.
CARRIED = ("time_weighted", "latest")


class Usage:
    """What the resources of a batch of statements have used, by meter and slice.

    A slice is a stretch of days of a statement within which no price changes. Sums
    are one grouped query over all statements; events are loaded one by one only for
    the meters and prices that must see them.
    """

    def __init__(self, statements, boundaries, event_products):
        """
        :param boundaries: ``{statement: sorted first days of its slices}``
        :param event_products: products whose price needs each event's amount
        """
        self._env = statements.env
        self._boundaries = boundaries
        self._slices = [
            row for statement in statements for row in self._slice(statement)
        ]
        self._sums = defaultdict(dict)
        self._events = defaultdict(lambda: defaultdict(list))
        self._hashes = defaultdict(list)
        self._env.flush_all()
        self._read_sums()
        self._read_events(event_products)

    def _slice(self, statement):
        """``(statement, contract, number, first instant, instant after)`` per slice."""
        instants = [
            self.instant(statement, day) for day in self._boundaries[statement][1:]
        ]
        starts = [statement.period_start, *instants]
        ends = [*instants, statement.period_end]
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            yield statement.id, statement.contract_id.id, number, start, end

    @staticmethod
    def instant(statement, day):
        """The first instant of a civil day of the statement, naive UTC."""
        return day_start(day, statement.timezone).replace(tzinfo=None)

    def keys(self, statement):
        """The ``(resource id, meter id)`` pairs with usage in the statement."""
        return self._sums[statement.id].keys() | self._events[statement.id].keys()

    def fingerprint(self, statement):
        """A hash of the identities and values of all events in the period."""
        lines = sorted(self._hashes[statement.id])
        return sha256("\n".join(lines).encode()).hexdigest()

    def quantity(self, statement, resource, meter, segment):
        """The exact quantity in a segment, which is a run of whole slices."""
        if meter.aggregation in SUMMED:
            sums = self._sums[statement.id].get((resource.id, meter.id), {})
            days = self._boundaries[statement]
            with exact():
                return sum(
                    (
                        value
                        for number, value in sums.items()
                        if segment.first <= days[number] <= segment.last
                    ),
                    Decimal(0),
                )
        # The zone of the bounds tells the aggregation where a civil day ends.
        zone = ZoneInfo(statement.timezone)
        start, end = (
            instant.replace(tzinfo=timezone.utc).astimezone(zone)
            for instant in self._bounds(statement, resource, meter, segment)
        )
        if end <= start:
            return Decimal(0)
        events = self._events[statement.id].get((resource.id, meter.id), ())
        return aggregate(meter.aggregation, events, start, end)

    def amounts(self, statement, resource, meter, segment):
        """The ``(time, amount)`` of the events in a segment."""
        start, end = self._bounds(statement, resource, meter, segment)
        return [
            (time, value)
            for time, value, _key in self._events[statement.id].get(
                (resource.id, meter.id), ()
            )
            if start <= time.replace(tzinfo=None) < end
        ]

    def _bounds(self, statement, resource, meter, segment):
        start, end = statement.period_start, statement.period_end
        if segment.first > statement.date_from:
            start = self.instant(statement, segment.first)
        if segment.last < statement.date_to:
            end = self.instant(statement, segment.last + _DAY)
        if meter.aggregation == "time_weighted":
            # A level does not outlive its resource.
            start = max(start, self.instant(statement, resource.date_start))
            if resource.date_end and resource.date_end < statement.date_to:
                end = min(end, self.instant(statement, resource.date_end + _DAY))
        return start, end

    def _slices_sql(self):
        columns = zip(*self._slices, strict=True)
        return SQL(
            """slice (statement_id, contract_id, number, start_at, end_at) AS (
                SELECT * FROM unnest(%s::int[], %s::int[], %s::int[],
                                     %s::timestamp[], %s::timestamp[]))""",
            *(list(column) for column in columns),
        )

    def _read_sums(self):
        rows = self._env.execute_query(
            SQL(
                """
                WITH %s
                SELECT slice.statement_id, resource.id, event.meter_id, slice.number,
                       CASE meter.aggregation WHEN 'count' THEN COUNT(*)
                            ELSE SUM(event.value) END::text,
                       md5(string_agg(event.event_key || ' ' || event.value, ','
                                      ORDER BY event.time, event.event_key))
                  FROM slice
                  JOIN iaas_resource resource
                    ON resource.contract_id = slice.contract_id
                  JOIN iaas_usage_event event
                    ON event.resource_id = resource.id
                   AND event.time >= slice.start_at
                   AND event.time < slice.end_at
                   AND event.time >= %s AND event.time < %s
                  JOIN iaas_meter meter ON meter.id = event.meter_id
                 GROUP BY slice.statement_id, resource.id, event.meter_id,
                          slice.number, meter.aggregation
                """,
                self._slices_sql(),
                # Constants, by which PostgreSQL leaves whole partitions alone.
                min(slice_[3] for slice_ in self._slices),
                max(slice_[4] for slice_ in self._slices),
            )
        )
        for statement, resource, meter, number, quantity, digest in rows:
            self._hashes[statement].append(f"{resource} {meter} {number} {digest}")
            slices = self._sums[statement].setdefault((resource, meter), {})
            slices[number] = Decimal(quantity)

    def _read_events(self, products):
        """Load the events that are not summed and, where the resource still lives,
        the level it had before the period."""
        meters = (
            self._env["iaas.meter"]
            .with_context(active_test=False)
            .search(
                [
                    "|",
                    ("aggregation", "not in", SUMMED),
                    ("product_id", "in", products.ids),
                ]
            )
        )
        if not meters:
            return
        rows = self._env.execute_query(
            SQL(
                """
                WITH %(slices)s,
                period AS (
                    SELECT statement_id, contract_id,
                           MIN(start_at) AS start_at, MAX(end_at) AS end_at
                      FROM slice
                     GROUP BY statement_id, contract_id)
                SELECT period.statement_id, resource.id, event.meter_id, event.time,
                       event.value::text, event.dimensions ->> meter.value_property
                  FROM period
                  JOIN iaas_resource resource
                    ON resource.contract_id = period.contract_id
                  JOIN iaas_usage_event event
                    ON event.resource_id = resource.id
                   AND event.time >= period.start_at
                   AND event.time < period.end_at
                  JOIN iaas_meter meter ON meter.id = event.meter_id
                 WHERE event.meter_id = ANY(%(meters)s)
                UNION ALL
                SELECT period.statement_id, resource.id, before.meter_id, before.time,
                       before.value::text, NULL
                  FROM period
                  JOIN iaas_statement statement ON statement.id = period.statement_id
                  JOIN iaas_resource resource
                    ON resource.contract_id = period.contract_id
                   AND resource.is_void IS NOT TRUE
                   AND resource.date_start <= statement.date_to
                   AND (resource.date_end >= statement.date_from
                        OR resource.date_end IS NULL)
                  JOIN iaas_meter meter
                    ON meter.id = ANY(%(meters)s)
                   AND meter.aggregation = ANY(%(carried)s)
                 CROSS JOIN LATERAL (
                    SELECT event.meter_id, event.time, event.value
                      FROM iaas_usage_event event
                     WHERE event.resource_id = resource.id
                       AND event.meter_id = meter.id
                       AND event.time < period.start_at
                     ORDER BY event.time DESC, event.value DESC
                     LIMIT 1) before
                """,
                slices=self._slices_sql(),
                meters=meters.ids,
                carried=list(CARRIED),
            )
        )
        for statement, resource, meter, time, value, key in rows:
            value = Decimal(value)
            self._events[statement][resource, meter].append(
                (time.replace(tzinfo=timezone.utc), value, key or value)
            )
