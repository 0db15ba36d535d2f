from collections import defaultdict
from datetime import timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from odoo.tools import SQL

from odoo.addons.iaas_contract.pricing import (
    day_start,
    dimension_key,
    parse_dimension_key,
)
from odoo.addons.iaas_contract.pricing.numbers import exact

from ..metering import aggregate
from .sums import Slice, daily_sums, event_sums

_DAY = timedelta(days=1)

#: Summed by PostgreSQL; the other aggregations look at each event.
SUMMED = ("sum", "count")
#: A level that lasts until the next event, hence begins before the period.
CARRIED = ("time_weighted", "latest")


class _Event(NamedTuple):
    """What an aggregation and the prices by event read."""

    time: object
    value: Decimal
    key: object
    dimensions: str


class Usage:
    """What the resources of a batch of statements have used, by meter and slice.

    A slice is a stretch of days of a statement within which no price changes. Sums
    are one grouped query over all statements: of the daily sums, where the slice is
    whole days of theirs and they tell apart what prices do, else of the events. Events
    are loaded one by one only for the meters and prices that must see them.

    Where prices of a product depend on dimensions, its usage is told apart by what
    the events say of these; what they don't say, their resource does.
    """

    def __init__(self, statements, boundaries, event_products, meters, terms):
        """
        :param boundaries: ``{statement: sorted first days of its slices}``
        :param event_products: products whose price needs each event's amount
        :param terms: by which prices the products of the meters are told apart
        """
        self._env = statements.env
        self._boundaries = boundaries
        self._terms = terms
        self._keys = {}
        names = {meter: terms.dimensions(meter.product_id) for meter in meters}
        self._names = sorted({name for found in names.values() for name in found})
        self._told_apart = [meter.id for meter, found in names.items() if found]
        self._not_daily = [
            meter.id
            for meter, found in names.items()
            if set(found) - set((meter.daily_dimensions or "").split(","))
        ]
        self._slices = [
            row for statement in statements for row in self._slice(statement)
        ]
        self._sums = defaultdict(dict)
        self._events = defaultdict(lambda: defaultdict(list))
        # Of each statement, resource and meter the events and their fingerprints.
        self._counted = defaultdict(lambda: defaultdict(lambda: (0, Decimal(0))))
        self._env.flush_all()
        self._read_sums()
        self._read_events(event_products)

    def _slice(self, statement):
        """The ``Slice`` objects of a statement."""
        instants = [
            self.instant(statement, day) for day in self._boundaries[statement][1:]
        ]
        starts = [statement.period_start, *instants]
        ends = [*instants, statement.period_end]
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            days = self._get_days(statement, start, end)
            yield Slice(
                statement.id, statement.contract_id.id, number, start, end, *days
            )

    @staticmethod
    def _get_days(statement, start, end):
        """The first and the last day of the daily sums between two instants, which
        are whole days of theirs; else (None, None)."""
        if statement.timezone != statement.contract_id.timezone:
            return None, None
        return _whole_days(statement.timezone, start, end)

    @staticmethod
    def instant(statement, day):
        """The first instant of a civil day of the statement, naive UTC."""
        return day_start(day, statement.timezone).replace(tzinfo=None)

    def keys(self, statement):
        """The ``(resource id, meter id)`` pairs with usage in the statement."""
        return self._sums[statement.id].keys() | self._events[statement.id].keys()

    def fingerprint(self, statement):
        """A hash of the identities and values of all events in the period, the same
        however they are cut into slices."""
        lines = sorted(
            f"{resource} {meter} {count} {total}"
            for (resource, meter), (count, total) in self._counted[statement.id].items()
        )
        return sha256("\n".join(lines).encode()).hexdigest()

    def line_fingerprint(self, statement, resource, meter):
        """A hash of the identities and values of the events of a resource and meter in
        the period; False without any."""
        counted = self._counted[statement.id].get((resource.id, meter.id))
        if not counted:
            return False
        return sha256(" ".join(map(str, counted)).encode()).hexdigest()

    def combinations(self, statement, resource, meters):
        """The dimension keys by which the resource used the meters in the period."""
        found = set()
        for meter in meters:
            key = resource.id, meter.id
            sums = self._sums[statement.id].get(key, ())
            found |= {dimensions for _number, dimensions in sums}
            events = self._events[statement.id].get(key, ())
            if meter.aggregation in CARRIED:
                levels = _levels(events, statement.period_start)
                # Of the latest value only one is billed.
                events = levels[-1:] if meter.aggregation == "latest" else levels
            found |= {event.dimensions for event in events}
        return found

    def quantity(self, statement, resource, meter, slice_):
        """The exact quantity in a slice, whose parts are runs of whole slices of the
        query."""
        quantities = [
            self._part_quantity(statement, resource, meter, part)
            for part in slice_.parts
        ]
        if len(quantities) == 1:
            return quantities[0]
        with exact():
            return sum(quantities, Decimal(0))

    def _part_quantity(self, statement, resource, meter, part):
        if meter.aggregation in SUMMED:
            sums = self._sums[statement.id].get((resource.id, meter.id), {})
            days = self._boundaries[statement]
            with exact():
                return sum(
                    (
                        value
                        for (number, key), value in sums.items()
                        if part.first <= days[number] <= part.last
                        and key in part.combinations
                    ),
                    Decimal(0),
                )
        # The zone of the bounds tells the aggregation where a civil day ends.
        zone = ZoneInfo(statement.timezone)
        start, end = (
            instant.replace(tzinfo=timezone.utc).astimezone(zone)
            for instant in self._bounds(statement, resource, meter, part)
        )
        if end <= start:
            return Decimal(0)
        events = self._events[statement.id].get((resource.id, meter.id), ())
        chosen = _choose(meter.aggregation, events, part.combinations)
        return aggregate(meter.aggregation, chosen, start, end)

    def amounts(self, statement, resource, meter, slice_):
        """The ``(time, amount)`` of the events in a slice."""
        events = self._events[statement.id].get((resource.id, meter.id), ())
        amounts = []
        for part in slice_.parts:
            start, end = self._bounds(statement, resource, meter, part)
            amounts += [
                (event.time, event.value)
                for event in events
                if start <= event.time.replace(tzinfo=None) < end
                and event.dimensions in part.combinations
            ]
        return amounts

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

    def _read_sums(self):
        daily = [slice_ for slice_ in self._slices if slice_.first_day]
        partial = [slice_ for slice_ in self._slices if not slice_.first_day]
        dimensions = self._told_apart and self._dimensions_sql("used")
        resources = self._get_resource_ids()
        # Sums of a month in memory, rather than sorted on disk.
        self._env.cr.execute("SET LOCAL work_mem = '256MB'; SET LOCAL jit = off")
        if daily:
            self._add_sums(
                daily, daily_sums(daily, resources, self._not_daily, dimensions)
            )
        if daily and self._not_daily:
            self._add_sums(
                daily, event_sums(daily, resources, self._not_daily, dimensions)
            )
        if partial:
            self._add_sums(partial, event_sums(partial, resources, None, dimensions))
        self._env.cr.execute("SET LOCAL work_mem TO DEFAULT; SET LOCAL jit TO DEFAULT")

    def _get_resource_ids(self):
        rows = self._env.execute_query(
            SQL(
                "SELECT id FROM iaas_resource WHERE contract_id = ANY(%s)",
                list({slice_.contract for slice_ in self._slices}),
            )
        )
        return [resource for (resource,) in rows]

    def _add_sums(self, slices, query):
        for row in self._env.execute_query(query):
            ordinal, resource, meter, own, said, quantity, events, fingerprints = row
            slice_ = slices[ordinal - 1]
            statement = slice_.statement
            sums = self._sums[statement].setdefault((resource, meter), {})
            key = slice_.number, self._combine(statement, meter, own, said)
            count, total = self._counted[statement][resource, meter]
            with exact():
                sums[key] = sums.get(key, Decimal(0)) + Decimal(quantity)
                self._counted[statement][resource, meter] = (
                    count + events,
                    total + Decimal(fingerprints),
                )

    def _dimensions_sql(self, alias):
        """What is said of the dimensions that prices depend on: a JSON array, NULL
        where no price of what its meter counts does."""
        if not self._told_apart:
            return SQL("NULL::jsonb")
        table = SQL.identifier(alias)
        return SQL(
            "CASE WHEN %s.meter_id = ANY(%s) THEN jsonb_build_array(%s) END",
            table,
            self._told_apart,
            SQL(", ").join(SQL("%s.dimensions ->> %s", table, n) for n in self._names),
        )

    def _combine(self, statement_id, meter_id, own, said):
        """The key of the dimensions that tell usage apart: what its event says of
        them, else its resource."""
        if meter_id not in self._told_apart:
            return ""
        cached = (statement_id, meter_id, own, tuple(said))
        if cached not in self._keys:
            found = parse_dimension_key(own or "")
            found |= {
                name: value
                for name, value in zip(self._names, said, strict=True)
                if value is not None
            }
            self._keys[cached] = dimension_key(
                self._terms.relevant(
                    self._env["iaas.statement"].browse(statement_id),
                    self._env["iaas.meter"].browse(meter_id).product_id,
                    found,
                )
            )
        return self._keys[cached]

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
        # Their own index holds the events that are not summed.
        levels = meters.filtered(lambda meter: meter.aggregation not in SUMMED)
        some = [
            SQL("event.meter_id = ANY(%s) AND NOT event.summed", levels.ids),
            SQL("event.meter_id = ANY(%s)", (meters - levels).ids),
        ]
        rows = self._env.execute_query(
            SQL(
                """
                WITH period AS (
                    SELECT id AS statement_id, contract_id, period_start AS start_at,
                           period_end AS end_at
                      FROM iaas_statement
                     WHERE id = ANY(%(statements)s))
                %(events)s
                UNION ALL
                SELECT period.statement_id, resource.id, before.meter_id, before.time,
                       before.value::text, NULL,
                       resource.dimension_key, before.dimensions
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
                    SELECT event.meter_id, event.time, event.value,
                           %(dimensions)s AS dimensions
                      FROM iaas_usage_event event
                     WHERE event.resource_id = resource.id
                       AND event.meter_id = meter.id
                       AND NOT event.summed
                       AND event.time < period.start_at
                     ORDER BY event.time DESC, event.value DESC
                     LIMIT 1) before
                """,
                statements=list({slice_.statement for slice_ in self._slices}),
                events=SQL(" UNION ALL ").join(map(self._events_sql, some)),
                meters=levels.ids,
                carried=list(CARRIED),
                dimensions=self._dimensions_sql("event"),
            )
        )
        for statement, resource, meter, time, value, key, own, said in rows:
            value = Decimal(value)
            self._events[statement][resource, meter].append(
                _Event(
                    time.replace(tzinfo=timezone.utc),
                    value,
                    key or value,
                    self._combine(statement, meter, own, said),
                )
            )

    def _events_sql(self, some):
        return SQL(
            """
            SELECT period.statement_id, resource.id, event.meter_id, event.time,
                   event.value::text, event.dimensions ->> meter.value_property,
                   resource.dimension_key, %s
              FROM period
              JOIN iaas_resource resource
                ON resource.contract_id = period.contract_id
              JOIN iaas_usage_event event
                ON event.resource_id = resource.id
               AND event.time >= period.start_at
               AND event.time < period.end_at
              JOIN iaas_meter meter ON meter.id = event.meter_id
             WHERE %s
            """,
            self._dimensions_sql("event"),
            some,
        )


@lru_cache(maxsize=1024)
def _whole_days(zone, start, end):
    """The first and the last civil day between two naive UTC instants, (None, None)
    where they are not whole days."""
    first, last = (
        instant.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(zone)).date()
        for instant in (start, end - timedelta(microseconds=1))
    )
    bounds = tuple(
        day_start(day, zone).replace(tzinfo=None) for day in (first, last + _DAY)
    )
    return (first, last) if bounds == (start, end) else (None, None)


def _choose(aggregation, events, combinations):
    """The events by which an aggregation sees what was used by some dimensions.

    A level is one, whatever the dimensions: the next event ends it, also that which
    names another region. So what the others say counts as a level of zero, and the
    parts add up to the whole.
    """
    if aggregation not in CARRIED:
        return [
            (event.time, event.value, event.key)
            for event in events
            if event.dimensions in combinations
        ]
    return [
        (
            event.time,
            event.value if event.dimensions in combinations else Decimal(0),
            event.key,
        )
        for event in _levels(events)
    ]


def _levels(events, since=None):
    """The levels that follow each other, in order: of events at one instant the
    highest; only those that last beyond the instant ``since``, naive UTC."""
    ordered = sorted(events, key=lambda event: (event.time, event.value))
    by_time = {event.time: event for event in ordered}
    levels = list(by_time.values())
    if since is None or not levels:
        return levels
    since = since.replace(tzinfo=timezone.utc)
    after = [*(level.time for level in levels[1:]), None]
    return [
        level
        for level, end in zip(levels, after, strict=True)
        if end is None or end > since
    ]
