"""What other systems report beside the metering platform: files and answers."""

import csv
import io
import json
import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal

DAY = timedelta(days=1)
# Places in a file that came out wrong: line and what stands there.
SPOILED = {6: "n/a", 21: "12,4,7"}
FOCUS = (
    "BillingAccountId",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ResourceId",
    "ServiceName",
    "SkuId",
    "SkuMeter",
    "RegionId",
    "BilledCost",
)
# meter of the reseller: unit, units a day, cost of one
RESOLD = {
    "Standard-Storage-GiB-Mo": ("GiB-Months", 38, "0.0191"),
    "Read-Requests-Mio": ("Million Requests", 4, "0.3600"),
    "Data-Transfer-Out-GiB": ("GiB", 21, "0.0520"),
}
# What it reports that was not there before, month after month.
NEW_METERS = (
    ("Archive-Retrieval-GiB", "GiB", 6, "0.0100"),
    ("Edge-Functions-Mio", "Million Requests", 2, "0.2500"),
)
# On so many days of a month it is used.
NEW_EVERY = 9


@dataclass(frozen=True)
class Thing:
    """A resource of ours and what another system calls it."""

    name: str
    reference: str


def long_running(plan, references, product, before, region=None):
    """The references of one resource a customer of the product: those in use since
    before a day and with no end in sight, smallest customers first."""
    lasting = {
        agreement.customer
        for agreement in plan.agreements
        if agreement.stage == "running" and agreement.end > plan.window.today
    }
    found = {}
    for order in plan.orders:
        if order.customer not in lasting or order.customer in found:
            continue
        for line in order.lines:
            fits = line.product == product and region in (None, line.region)
            if fits and line.start < before and not line.end and references[line.key]:
                found[order.customer] = references[line.key][0]
                break
    worth = plan.expected
    return [found[one] for one in sorted(found, key=lambda one: worth.get(one, 0))]


def _units(seed, name, day, level):
    """Units of a day, four decimals, the same for a seed."""
    rng = random.Random(f"{seed}:feed:{name}:{day}")
    return (Decimal(level) * Decimal(rng.randrange(7000, 13000)) / 10000).quantize(
        Decimal("0.0001")
    )


def _days(first, last):
    return [first + n * DAY for n in range((last - first).days + 1)]


def traffic_file(seed, sites, first, last, spoiled=False):
    """The text of a file in the columns of a content network: local times, decimal
    commas, a line for each site and day."""
    rows = []
    for day in _days(first, last):
        for site in sites:
            volume = str(_units(seed, site, day, 64)).replace(".", ",")
            if spoiled:
                volume = SPOILED.get(len(rows), volume)
            rows.append((site, f"{day:%d/%m/%Y} 19:00", volume, "SIN2"))
    return _csv_text([("Site", "Measured at", "Volume GiB", "PoP"), *rows], ";")


def mend(rejects):
    """The error file of such a file with the right volumes, as it is sent again."""
    for wrong, right in zip(SPOILED.values(), ("58,2000", "12,4700"), strict=True):
        rejects = rejects.replace(f";{wrong};", f";{right};")
    return rejects


def focus_file(seed, buckets, first, last, new):
    """The text of a FOCUS 1.2 file of a cloud that is sold on, ``new`` among its
    meters."""
    meters = RESOLD | {new[0]: new[1:]}
    rows, period = [], _instant(first.replace(day=1))
    for day in _days(first, last):
        for bucket in buckets:
            for meter, (unit, level, cost) in meters.items():
                if meter == new[0] and day.day % NEW_EVERY:
                    continue
                units = _units(seed, f"{bucket}:{meter}", day, level)
                if unit == "GiB-Months":
                    units = (units / 30).quantize(Decimal("0.0001"))
                rows.append(
                    {
                        "ChargeCategory": "Usage",
                        "ChargePeriodStart": _instant(day),
                        "ChargePeriodEnd": _instant(day + DAY),
                        "ConsumedQuantity": units,
                        "ConsumedUnit": unit,
                        "ResourceId": bucket,
                        "ServiceName": "Object Storage",
                        "SkuId": f"NG-{meter[:3].upper()}",
                        "SkuMeter": meter,
                        "BilledCost": (units * Decimal(cost)).quantize(
                            Decimal("0.000001")
                        ),
                    }
                )
    for category, cost in (("Tax", "118.42"), ("Credit", "-40.00")):
        rows.append(
            {
                "ChargeCategory": category,
                "ChargePeriodStart": _instant(first),
                "ChargePeriodEnd": _instant(last + DAY),
                "BilledCost": cost,
            }
        )
    common = {
        "BillingAccountId": "NG-88120",
        "BillingPeriodStart": period,
        "RegionId": "ap-southeast-1",
    }
    return _csv_text(
        [FOCUS, *([(common | row).get(name, "") for name in FOCUS] for row in rows)]
    )


def backup_answer(seed, vaults, start, end, last):
    """The JSON of a backup service for [start, end), noon of each day until ``last``.

    :param start: naive UTC, as ``end``
    """
    items = []
    for day in _days(start.date(), min(end.date(), last)):
        noon = datetime.combine(day, time(12))
        if not start <= noon < end:
            continue
        items += [
            {
                "vault": {"instance": vault, "site": "SG-2"},
                "measured_at": f"{noon.isoformat()}Z",
                "gib_month": str(
                    (_units(seed, vault, day, 900) / 30).quantize(Decimal("0.0001"))
                ),
            }
            for vault in vaults
        ]
    return {"data": items, "next_cursor": None}


def prometheus_answer(seed, instances, start, end, step):
    """The JSON of Prometheus for a range of instants in seconds, both included."""
    result = []
    for instance in instances:
        values = []
        for moment in range(start, end + 1, step):
            day = datetime.fromtimestamp(moment, timezone.utc).date()
            values.append([moment, str(_units(seed, instance, day, 12))])
        result.append({"metric": {"instance": instance}, "values": values})
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def as_json(document):
    """The bytes of an answer."""
    return json.dumps(document).encode()


def _instant(day):
    return f"{day.isoformat()}T00:00:00Z"


def _csv_text(rows, delimiter=","):
    output = io.StringIO()
    csv.writer(output, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return output.getvalue()
