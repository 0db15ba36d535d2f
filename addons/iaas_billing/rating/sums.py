"""The queries that sum the usage of many statements at once, in PostgreSQL."""

from datetime import timedelta
from typing import NamedTuple

from odoo.tools import SQL

from ..models.usage_identity import fingerprint

_DAY = timedelta(days=1)


class Slice(NamedTuple):
    """A stretch of days of a statement within which no price changes.

    The days are those of the daily sums, None where it is not whole days of theirs.
    """

    statement: int
    contract: int
    number: int
    start: object
    end: object
    first_day: object
    last_day: object


def daily_sums(slices, resources, not_daily, dimensions=None):
    """The query of the slices' sums by the daily sums; see ``_sums``.

    :param not_daily: the meters that are left out
    """
    return _sums(
        [(slice_.first_day, slice_.last_day + _DAY) for slice_ in slices],
        slices,
        SQL("iaas_usage_daily"),
        SQL("used.day"),
        SQL(
            "used.resource_id = ANY(%s) AND NOT used.meter_id = ANY(%s)",
            resources,
            not_daily,
        ),
        SQL(
            """SUM(used.quantity) AS quantity, SUM(used.event_count) AS event_count,
               SUM(used.fingerprint) AS fingerprint"""
        ),
        dimensions,
    )


def event_sums(slices, resources, meters=None, dimensions=None):
    """The query of the slices' sums by the events; see ``_sums``.

    :param meters: the meters to sum, None for all
    """
    return _sums(
        [(slice_.start, slice_.end) for slice_ in slices],
        slices,
        SQL("iaas_usage_event"),
        SQL("used.time"),
        SQL(
            "used.resource_id = ANY(%s) %s",
            resources,
            SQL("AND used.meter_id = ANY(%s)", meters) if meters else SQL(),
        ),
        SQL(
            """SUM(used.value) AS quantity, COUNT(*) AS event_count,
               SUM(%s) AS fingerprint""",
            fingerprint("used"),
        ),
        dimensions,
    )


def _sums(bounds, slices, table, moment, where, sums, dimensions):
    """Sum first, then look up what the few sums belong to.

    The bounds of all slices cut the time into segments, and each slice is a run of
    them. So what was used is grouped without asking whose it is: a join of every
    event with its slice would take twice as long as the sums.

    :param bounds: first moment of each slice and first one after it
    :param dimensions: expression of what usage is told apart by, if it is at all
    :return: query of (number of the slice from 1, resource, meter, dimension key of
        the resource, dimensions, quantity, number of events, fingerprint)
    """
    cuts = sorted({moment for bound in bounds for moment in bound})
    number = {moment: number for number, moment in enumerate(cuts)}
    return SQL(
        """
        WITH slice AS (
            SELECT * FROM unnest(%(contracts)s::int[], %(first)s::int[],
                                 %(after)s::int[])
              WITH ORDINALITY AS slice (contract_id, first, after, ordinal)),
        segment_sums AS (
            SELECT %(segment)s AS segment,
                   used.resource_id, used.meter_id, %(said)s, %(sums)s
              FROM %(table)s used
             WHERE %(moment)s >= %(start)s AND %(moment)s < %(end)s AND %(where)s
             GROUP BY 1, 2, 3 %(and_said)s),
        sums AS (
            SELECT slice.ordinal, resource.id AS resource_id, used.meter_id,
                   resource.dimension_key, used.said, SUM(used.quantity) AS quantity,
                   SUM(used.event_count) AS event_count,
                   SUM(used.fingerprint) AS fingerprint
              FROM segment_sums used
              JOIN iaas_resource resource ON resource.id = used.resource_id
              JOIN slice
                ON slice.contract_id = resource.contract_id
               AND used.segment >= slice.first AND used.segment < slice.after
             GROUP BY slice.ordinal, resource.id, used.meter_id, used.said)
        SELECT ordinal, resource_id, meter_id, dimension_key, said,
               CASE meter.aggregation WHEN 'count' THEN event_count
                    ELSE COALESCE(quantity, 0) END::text,
               event_count::bigint, fingerprint::text
          FROM sums
          JOIN iaas_meter meter ON meter.id = sums.meter_id
        """,
        contracts=[slice_.contract for slice_ in slices],
        first=[number[start] for start, _end in bounds],
        after=[number[end] for _start, end in bounds],
        moment=moment,
        segment=_segment(moment, cuts[1:-1]),
        said=SQL("%s AS said", dimensions or SQL("NULL::jsonb")),
        sums=sums,
        table=table,
        start=cuts[0],
        end=cuts[-1],
        where=where,
        and_said=SQL(", 4") if dimensions else SQL(),
    )


def _segment(moment, cuts, first=0):
    """The expression of how many of the sorted cuts a moment has reached, by halving.
    PostgreSQL's ``width_bucket`` unpacks its array for every row, which takes longer
    than the sums."""
    if not cuts:
        return SQL("%s", first)
    middle = len(cuts) // 2
    return SQL(
        "CASE WHEN %s < %s THEN %s ELSE %s END",
        moment,
        cuts[middle],
        _segment(moment, cuts[:middle], first),
        _segment(moment, cuts[middle + 1 :], first + middle + 1),
    )
