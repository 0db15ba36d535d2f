"""How PostgreSQL knows a usage event again.

The hashes are those of hash partitions: the same in every version, and for 1.5 and
1.50. Two of 64 bits make an identity; md5 takes ten times as long.
"""

from odoo.tools import SQL


def identity(alias):
    """The two columns of the identity of ``alias``, which has an id and a source."""
    table = SQL.identifier(alias)
    return tuple(
        SQL('hashtextextended(%s.event_id COLLATE "C", %s)', table, seed)
        for seed in (
            SQL("%s.source_id::bigint", table),
            SQL("~%s.source_id::bigint", table),
        )
    )


def content(alias, dimensions_hash=None):
    """A hash of what must be the same when the event comes again, beside its time."""
    table = SQL.identifier(alias)
    if dimensions_hash is None:
        dimensions_hash = SQL("jsonb_hash_extended(%s.dimensions, 0)", table)
    return SQL(
        """hash_numeric_extended(%(table)s.value,
               ((%(table)s.meter_id::bigint << 32) | %(table)s.resource_id)
               # COALESCE(%(dimensions_hash)s, 0))""",
        table=table,
        dimensions_hash=dimensions_hash,
    )


def fingerprint(alias, key=None):
    """A hash of the identity and the value of an event. Fingerprints of events are
    added up: whatever parts a sum is made of, it tells which events they hold."""
    return SQL(
        "hash_numeric_extended(%s.value, %s)",
        SQL.identifier(alias),
        identity(alias)[0] if key is None else key,
    )
