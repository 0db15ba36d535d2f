# Run in Odoo's shell after prepare.py: the sums of all statements of a month, as a
# billing run reads them, beside a GROUP BY of the same events. IAAS_LOAD_EVENTS says
# how many events; the figures go to IAAS_LOAD_RESULT as JSON.
import json
import os
import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from odoo.tools import SQL

from odoo.addons.iaas_billing.rating import Usage

env = env  # noqa: F821, PLW0127
CONTRACTS, HOURS = 2000, 500
# Whole days in Tokyo.
START, END = datetime(2026, 2, 28, 15), datetime(2026, 3, 31, 15)
EVENTS = int(os.environ["IAAS_LOAD_EVENTS"])
ROUNDS = int(os.environ["IAAS_LOAD_ROUNDS"])


def clone(table, record, number, **changed):
    """Insert so many copies of a record; return their ids."""
    columns = [
        name
        for (name,) in env.execute_query(
            SQL(
                """SELECT attname FROM pg_attribute
                    WHERE attrelid = %s::regclass AND attnum > 0
                      AND NOT attisdropped AND attname <> 'id'""",
                table,
            )
        )
    ]
    rows = env.execute_query(
        SQL(
            """INSERT INTO %s (%s) SELECT %s FROM %s, generate_series(1, %s) n
                WHERE id = %s RETURNING id""",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL(", ").join(
                changed.get(name) or SQL.identifier(name) for name in columns
            ),
            SQL.identifier(table),
            number,
            record.id,
        )
    )
    return [id_ for (id_,) in rows]


def make():
    """The statements of a month of so many contracts, and their events."""
    resource = env["iaas.resource"].search([("external_ref", "!=", False)], limit=1)
    contract = resource.contract_id
    contract.timezone = "Asia/Tokyo"
    meters = env["iaas.meter"].search([("code", "=like", "load.%")])
    env.flush_all()
    contracts = clone("iaas_contract", contract, CONTRACTS, name=SQL("'load-' || n"))
    resources = clone(
        "iaas_resource",
        resource,
        EVENTS // HOURS,
        name=SQL("'r-' || n"),
        external_ref=SQL("'r-' || n"),
        contract_id=SQL("(%s::int[])[n %% %s + 1]", contracts, CONTRACTS),
    )
    env["iaas.usage.event"]._ensure_partitions(
        [START.date().replace(day=1), END.date().replace(day=1)]
    )
    env.cr.execute(
        SQL(
            """
            INSERT INTO iaas_usage_event (time, received_at, source_id, meter_id,
                   resource_id, summed, value, event_id, dimensions)
            SELECT %s::timestamp + hour * interval '1 hour', now() - interval '2 days',
                   1, (%s::int[])[resource %% 20 + 1], resource, TRUE,
                   (random() * 1e6)::bigint / 1000.0, gen_random_uuid()::text,
                   '{"region": "tokyo", "zone": "tokyo-1", "flavor": "c6.large"}'
              FROM generate_series(0, %s - 1) hour, unnest(%s::int[]) resource
            """,
            START,
            meters.ids,
            HOURS,
            resources,
        )
    )
    for month in (START, END):
        env["iaas.usage.event"]._index_partition(month.date().replace(day=1))
    env["iaas.usage.daily"]._derive(resources=env["iaas.resource"].browse(resources))
    env.invalidate_all()
    values = contract._prepare_statement(START, END)
    statements = env["iaas.statement"].create(
        [values | {"contract_id": id_} for id_ in contracts]
    )
    env.cr.commit()
    env.cr.execute(
        "ANALYZE iaas_usage_event, iaas_usage_daily, iaas_resource, iaas_contract"
    )
    env.cr.commit()
    return statements, meters


def best(function):
    times = []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times)


def bare():
    env.cr.execute(
        """SELECT resource_id, meter_id, SUM(value) FROM iaas_usage_event
            WHERE time >= %s AND time < %s GROUP BY resource_id, meter_id""",
        (START, END),
    )
    env.cr.fetchall()


def main():
    statements, meters = make()
    terms = SimpleNamespace(dimensions=lambda _product: ())
    boundaries = {statement: [statement.date_from] for statement in statements}
    none = env["product.product"]
    found = []

    def read():
        usage = Usage(statements, boundaries, none, meters, terms)
        found.append([usage.fingerprint(statement) for statement in statements])

    figures = {"bare": best(bare), "daily": best(read)}
    with patch.object(Usage, "_get_days", return_value=(None, None)):
        figures["events"] = best(read)
    assert all(prints == found[0] for prints in found)
    Path(os.environ["IAAS_LOAD_RESULT"]).write_text(json.dumps(figures))


main()
