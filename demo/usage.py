"""A year of daily usage, sent through the ingest service in bulk."""

from datetime import timedelta

from .company import user
from .plan.usage import daily
from .session import quiet

SOURCE = "urn:harbourline:metering:sg1"
BATCH = 200_000
# So many days after its contract one resource is still reported.
LINGERS = 9


def prepare(env):
    """Register the metering platform as a source and its technical user as sender."""
    env["iaas.usage.source"].create(
        {
            "name": "Metering platform Singapore 1",
            "code": SOURCE,
            "user_ids": user(env, "collector").ids,
        }
    )


def send(env, plan, references, first, last):
    """Send the usage of every metered resource from ``first`` to ``last``."""
    # Found only once Odoo knows its addons path.
    from odoo.addons.iaas_billing.metering import Entry

    Event = env["iaas.usage.event"]
    source = env["iaas.usage.source"].search([("code", "=", SOURCE)])
    accepted, entries = 0, []

    def flush():
        nonlocal accepted
        result = Event._ingest(entries, source)
        if result.refusals:
            raise ValueError(f"usage refused: {result.refusals[:3]}")
        accepted += result.accepted
        entries.clear()
        env.cr.commit()

    for event in _events(plan, references, first, last):
        entries.append(Entry(len(entries), "", event))
        if len(entries) >= BATCH:
            flush()
    if entries:
        flush()
    return f"{accepted:,} events"


def linger(env):
    """The backups of a customer that left are still reported: nobody deleted them."""
    from odoo.addons.iaas_billing.metering import Entry

    used = env["iaas.usage.daily"].search(
        [
            ("contract_id.state", "=", "ended"),
            ("meter_id.code", "=like", "backup.%"),
        ],
        order="day desc, id",
        limit=1,
    )
    if not used:
        return "nobody left"
    days = [used.day + timedelta(days=number) for number in range(1, LINGERS + 1)]
    events = [
        {
            "specversion": "1.0",
            "id": f"{used.resource_id.external_ref}/{day}",
            "source": SOURCE,
            "type": used.meter_id.code,
            "subject": used.resource_id.external_ref,
            "time": f"{day}T12:00:00Z",
            "data": {"value": str(used.quantity)},
        }
        for day in days
    ]
    source = env["iaas.usage.source"].search([("code", "=", SOURCE)])
    entries = [Entry(number, "", event) for number, event in enumerate(events)]
    result = env["iaas.usage.event"]._ingest(entries, source)
    if result.refusals:
        raise ValueError(f"usage refused: {result.refusals[:3]}")
    quiet(env["iaas.usage.quarantine"])._cron_find_outside_contract()
    return f"{used.contract_id.name}, {len(days)} days"


def _events(plan, references, first, last):
    """The day's usage of a resource is reported around noon UTC, when it is the same
    civil day for all customers; the minute differs from resource to resource."""
    texts, place = {}, 0
    for order in plan.orders:
        for rented in order.lines:
            if rented.usage is None:
                continue
            meter = plan.products[rented.product].meter_code
            for subject in references[rented.key]:
                place += 1
                minute = place % 60
                end = min(rented.end or last, last)
                for day, units in daily(
                    plan.seed, rented.key, rented.usage, rented.start, end
                ):
                    if day < first:
                        continue
                    text = texts.get(day)
                    if text is None:
                        text = texts[day] = day.isoformat()
                    yield {
                        "specversion": "1.0",
                        "id": f"{subject}/{text}",
                        "source": SOURCE,
                        "type": meter,
                        "subject": subject,
                        "time": f"{text}T12:{minute:02d}:00Z",
                        "data": {"value": units},
                    }
