"""Usage in: a file of a million events, and batches by HTTP."""

import gzip
import http.client
import json
import random
import statistics
import subprocess
import tempfile
import time
import uuid
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from dev import postgres
from dev.console import say
from dev.paths import ROOT
from dev.server import running

RESOURCES = 1388
METERS = 20
REGIONS = ("tokyo", "osaka", "singapore", "frankfurt")
FLAVORS = ("c6.large", "c6.xlarge", "m6.large", "m6.2xlarge", "r6.large", "gpu.a100")
HEADER = "id,type,subject,time,value,region,zone,flavor"
BARE = """
    DROP TABLE IF EXISTS load_bare;
    CREATE TABLE load_bare (id text, type text, subject text, time timestamptz,
                            value numeric, region text, zone text, flavor text)"""
PREPARE = Path(__file__).with_name("prepare.py")
KEY = "/tmp/iaas-load-key"


def prepare(odoo, database):
    """Give the database a source, meters, resources and a key."""
    odoo.shell(database, PREPARE)


def measure(odoo, database, events, rounds, only=None):
    """Print how fast usage comes in, on a database that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="iaas-load-") as folder:
        if only != "http":
            _measure_file(odoo, database, Path(folder), events, rounds)
            _measure_bad_file(odoo, database, Path(folder), events, rounds)
    if only != "file":
        _measure_http(odoo, database, rounds)


def _lines(events, seed):
    """Hourly events of so many resources as OpenStack names them, with random ids."""
    source = random.Random(seed)
    start = datetime(2026, 1, 1) + timedelta(days=31 * seed)
    for number in range(events):
        hour, resource = divmod(number, RESOURCES)
        time_ = (start + timedelta(hours=hour)).isoformat()
        region = REGIONS[resource % len(REGIONS)]
        yield (
            f"{uuid.UUID(int=source.getrandbits(128), version=4)},"
            f"load.{resource % METERS},{subject(resource)},{time_}Z,"
            f"{source.randrange(1, 10**6) / 1000},{region},{region}-{resource % 3},"
            f"{FLAVORS[resource % len(FLAVORS)]}"
        )


@cache
def subject(number):
    """The name of a resource; prepare.py makes them by it, too."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"load-{number}"))


def _measure_file(odoo, database, folder, events, rounds):
    say(f"\nA gzip CSV of {events} events, seconds (median of {rounds} rounds)")
    bare, first, again = [], [], []
    for seed in range(rounds):
        plain, packed = _write(folder, _lines(events, seed))
        postgres.query(odoo.cluster, BARE, database)
        bare.append(_timed(_copy_bare, odoo, database, plain))
        first.append(_load(odoo, database, packed, stored=events))
        again.append(_load(odoo, database, packed, known=events))
        say(
            f"  round {seed + 1}: bare COPY {bare[-1]:.1f}, load {first[-1]:.1f}, the "
            f"same file again {again[-1]:.1f}"
        )
    limit = statistics.median(bare)
    say(f"  bare COPY into a plain logged table   {limit:5.1f}   1.0")
    for name, times in (("load, end to end", first), ("the same file again", again)):
        taken = statistics.median(times)
        say(f"  {name:<37} {taken:5.1f}   {taken / limit:.1f}")


def _measure_bad_file(odoo, database, folder, events, seed):
    """A line in a hundred is refused: it is written to the error file, mended there
    and loaded again."""
    bad = events // 100
    _plain, packed = _write(folder, _spoilt(_lines(events, seed)))
    taken = _load(odoo, database, packed, stored=events - bad, refused=bad)
    rejects = folder / "rejects-usage.csv"
    mended = folder / "mended.csv"
    mended.write_text(rejects.read_text().replace(",much,", ",1,"))
    _load(odoo, database, mended, stored=bad)
    say(f"  with one bad line in a hundred        {taken:5.1f}   (loaded once mended)")


def _spoilt(lines):
    for number, line in enumerate(lines):
        if number % 100 == 99:
            cells = line.split(",")
            cells[4] = "much"
            line = ",".join(cells)
        yield line


def _write(folder, lines):
    """A file of the lines, and the same packed."""
    plain, packed = folder / "usage.csv", folder / "usage.csv.gz"
    with plain.open("w") as stream:
        stream.write(f"{HEADER}\n")
        stream.writelines(f"{line}\n" for line in lines)
    with plain.open("rb") as source, gzip.open(packed, "wb", 6) as target:
        while block := source.read(1 << 20):
            target.write(block)
    return plain, packed


def _timed(function, *arguments):
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def _copy_bare(odoo, database, plain):
    copy = "\\copy load_bare FROM STDIN WITH (FORMAT csv, HEADER)"
    with plain.open("rb") as stream:
        subprocess.run(
            ["psql", "-h", odoo.cluster, "-U", postgres.USER, "-qXc", copy, database],
            stdin=stream,
            check=True,
        )


def _load(odoo, database, packed, stored=0, known=0, refused=0):
    """The seconds that the loader says: without Odoo's own start of some seconds. What
    became of the lines must be as given."""
    command = odoo.command("iaas_load_usage", database)
    options = [
        option
        for option in command[2:]
        if not option.startswith(("--db-filter", "^", "--http"))
        and option != "127.0.0.1"
    ]
    result = subprocess.run(
        [
            *(command[0], f"--addons-path={_addons(odoo)}", command[1], str(packed)),
            *("--source", "load", "--log-level=warn", *options),
        ],
        cwd=ROOT,
        check=not refused,
        capture_output=True,
        text=True,
    )
    told = f"{stored} stored, {known} known already, {refused} refused"
    assert told in result.stdout, result.stdout + result.stderr
    return float(result.stdout.split(" lines in ")[1].split()[0])


def _addons(odoo):
    options = odoo.options("x")
    return options[options.index("--addons-path") + 1]


def _measure_http(odoo, database, rounds):
    say(f"\nHTTP, one server process, events per second (median of {rounds} rounds)")
    key = Path(KEY).read_text()
    with running(odoo, database) as url:
        host = url.removeprefix("http://").rstrip("/")
        for size, batches in ((1, 40), (100, 30), (1_000, 30), (10_000, 10)):
            for encoding in ("identity", "gzip"):
                rates = [
                    _send(host, database, key, size, batches, encoding)
                    for _round in range(rounds)
                ]
                rate = statistics.median(rates)
                say(f"  batches of {size:>6}, {encoding:<8} {rate:>9.0f}")


_sent = 0


def _send(host, database, key, size, batches, encoding):
    global _sent  # noqa: PLW0603
    bodies = []
    for _batch in range(batches):
        events = []
        for line in _lines(size, 9):
            id_, type_, name, time_, value, region, zone, flavor = line.split(",")
            _sent += 1
            events.append(
                {
                    "specversion": "1.0",
                    "id": f"{id_}-{_sent}",
                    "source": "load",
                    "type": type_,
                    "subject": name,
                    "time": time_,
                    "data": {
                        "value": value,
                        "region": region,
                        "zone": zone,
                        "flavor": flavor,
                    },
                }
            )
        body = json.dumps(events).encode()
        bodies.append(gzip.compress(body, 1) if encoding == "gzip" else body)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/cloudevents-batch+json",
        "Content-Encoding": encoding,
        "X-Odoo-Database": database,
    }
    connection = http.client.HTTPConnection(host)
    started = time.perf_counter()
    for body in bodies:
        connection.request("POST", "/iaas/api/v1/events", body, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != 204:
            raise SystemExit(f"{response.status}: {answer.decode()}")
    return size * batches / (time.perf_counter() - started)
