"""Usage that the metering platform does not send: files, pulls, and what of it nobody
knows yet. Small beside the platform's; it shows each way in at work. And the budgets of
the customer who has a login."""

import base64
import gzip
from contextlib import contextmanager
from datetime import datetime, time, timedelta, timezone
from unittest.mock import patch

import requests

from odoo.fields import Command

from .company import user
from .plan import feeds
from .plan.feeds import DAY, Thing
from .plan.products import AWAY
from .session import quiet

TRAFFIC = "urn:lumen-edge:traffic"
RESOLD = "urn:northgate:focus"
BACKUP = "urn:acrolith:usage"
HONG_KONG = "urn:harbourline:prometheus:hk1"
JAKARTA = "urn:harbourline:cloudkitty:cgk1"
SITES = ("shop", "img", "video", "static")
# So long ago Prometheus of Hong Kong fell silent, and so many weeks it had been asked.
SILENT_DAYS, ASKED_WEEKS = 5, 3
WEEK_HOURS = 7 * 24


class _Reported:
    """What the other systems report, and the resources that they mean."""

    def __init__(self, plan, references):
        self.seed, window = plan.seed, plan.window
        self.first, self.until = window.until.replace(day=1), window.until
        self.last, self.today = window.usage_end, window.today
        self.silent_since = self.today - SILENT_DAYS * DAY
        before = min(self.first, self.silent_since - timedelta(weeks=ASKED_WEEKS) - DAY)

        def long_running(product, region=None):
            return feeds.long_running(plan, references, product, before, region)

        self.sites = [
            Thing(f"{name}.{reference.lower()}.example", reference)
            for name, reference in zip(SITES, long_running("net-out"), strict=False)
        ]
        stored = long_running("obs-std")[:2]
        self.buckets = [
            Thing(f"ng-bucket-{place:04d}", reference)
            for place, reference in enumerate(stored, 7311)
        ]
        # One that the customer with a login sees, and two small ones.
        vaults = long_running("cbr-std")
        self.vaults = list(dict.fromkeys([*vaults[-1:], *vaults[:2]]))
        abroad = [
            reference
            for product in ("ecs-g2", "ecs-g4", "ecs-g8")
            for reference in long_running(product, AWAY)
        ]
        self.instances = (abroad or long_running("ecs-g2"))[:4]


def set_up(env, plan, references):
    """Register the sources, what they call things, the columns of their files and the
    connectors."""
    reported = _Reported(plan, references)
    billing = user(env, "billing")
    names = {
        TRAFFIC: "Lumen Edge, content network",
        RESOLD: "Northgate Cloud, sold on",
        BACKUP: "Acrolith, managed backup",
        HONG_KONG: "Prometheus Hong Kong 1",
        JAKARTA: "CloudKitty Jakarta 1",
    }
    made = env["iaas.usage.source"].create(
        [
            {"name": name, "code": code, "user_id": billing.id}
            for code, name in names.items()
        ]
    )
    sources = dict(zip(names, made, strict=True))
    meters = _meters(env)
    meters["backup.cbr_std"].daily_dimensions = "site"
    # Customers read their usage by program, too.
    env["ir.config_parameter"].set_param("portal.allow_api_keys", True)
    _set_up_files(env, sources, meters, reported)
    _set_up_connectors(env, sources, meters, reported)


def _meters(env):
    return {meter.code: meter for meter in env["iaas.meter"].search([])}


def _set_up_files(env, sources, meters, reported):
    env["iaas.usage.mapping"].create(
        [
            {
                "name": "Traffic by site and day",
                "source_id": sources[TRAFFIC].id,
                "subject_column": "Site",
                "time_column": "Measured at",
                "value_column": "Volume GiB",
                "meter_id": meters["eip.net_out"].id,
                "time_format": "%d/%m/%Y %H:%M",
                "tz": "Asia/Jakarta",
                "decimal_comma": True,
            },
            {
                "name": "FOCUS 1.2, monthly",
                "source_id": sources[RESOLD].id,
                "kind": "focus",
                "type_column": "SkuMeter",
            },
        ]
    )
    # The last site is found out later, in the quarantine; so is a meter of Northgate.
    named = {TRAFFIC: reported.sites[:-1], RESOLD: reported.buckets}
    resources = _resources(env, [thing for some in named.values() for thing in some])
    env["iaas.usage.alias"].create(
        [
            {
                "source_id": sources[code].id,
                "kind": "subject",
                "name": thing.name,
                "resource_id": resources[thing.reference].id,
            }
            for code, things in named.items()
            for thing in things
        ]
        + [
            {
                "source_id": sources[RESOLD].id,
                "kind": "type",
                "name": name,
                "meter_id": meters[meter].id,
            }
            for name, meter in (
                ("Standard-Storage-GiB-Mo", "object_storage.obs_std"),
                ("Read-Requests-Mio", "object_storage.obs_req"),
            )
        ]
    )


def _resources(env, things):
    found = env["iaas.resource"].search(
        [("external_ref", "in", [thing.reference for thing in things])]
    )
    return {resource.external_ref: resource for resource in found}


def _set_up_connectors(env, sources, meters, reported):
    asked = reported.silent_since - timedelta(weeks=ASKED_WEEKS)
    quiet(env["iaas.usage.connector"]).create(
        [
            {
                "name": "Acrolith backup service",
                "source_id": sources[BACKUP].id,
                "kind": "json",
                "url": "https://api.acrolith.example/v1/usage",
                "auth": "bearer",
                "secret": "demo-token",
                "start_date": _midnight(reported.first),
                "window_hours": 31 * 24,
                "lag_minutes": 24 * 60,
                "json_subject": "vault.instance",
                "json_time": "measured_at",
                "json_value": "gib_month",
                "json_meter_id": meters["backup.cbr_std"].id,
                "json_dimensions": "site = vault.site",
                "json_paging": "cursor",
                "json_page_param": "cursor",
                "json_size_param": "limit",
                "json_next": "next_cursor",
            },
            {
                "name": "Traffic of Hong Kong instances",
                "source_id": sources[HONG_KONG].id,
                "kind": "prometheus",
                "url": "https://prometheus.hk1.harbourline.example:9090",
                "auth": "basic",
                "auth_user": "billing-reader",
                "secret": "demo-password",
                "start_date": _midnight(asked),
                "window_hours": WEEK_HOURS,
                "query_ids": [
                    Command.create(
                        {
                            "promql": "sum by (instance) "
                            "(increase(vm_tx_bytes_total[1d])) / 2^30",
                            "meter_id": meters["eip.net_out"].id,
                            "subject_label": "instance",
                            "step_seconds": 86400,
                        }
                    )
                ],
            },
            {
                "name": "Jakarta 1, from its opening",
                "source_id": sources[JAKARTA].id,
                "kind": "cloudkitty",
                "url": "https://rating.cgk1.harbourline.example:8889",
                "auth": "keystone",
                "auth_user": "5f1c2d9ab0e84c37",
                "keystone_url": "https://keystone.cgk1.harbourline.example:5000",
                "secret": "demo-secret",
                "filters": "region:cgk1",
                "start_date": _midnight(
                    (reported.today.replace(day=1) + timedelta(days=62)).replace(day=1)
                ),
            },
        ]
    )


def _midnight(day):
    return datetime.combine(day, time())


def take_in(env, plan, references):
    """Import the files of the month that has just closed and fetch what is pulled;
    clear what turns up in quarantine, before the month is billed."""
    reported = _Reported(plan, references)
    if reported.sites:
        _import_traffic(env, reported)
    if reported.buckets:
        _import_resold(env, reported)
    _fetch(env, reported)


def _import_traffic(env, reported):
    """Two lines are refused, mended and sent again; a site that is new is mapped."""
    month = f"{reported.first:%Y-%m}"
    names = [site.name for site in reported.sites]
    text = feeds.traffic_file(
        reported.seed, names, reported.first, reported.until, spoiled=True
    )
    first = _upload(env, TRAFFIC, f"lumen-traffic-{month}.csv", text.encode())
    first.action_check()
    first.action_import()
    rejects = base64.b64decode(first.reject_file).decode()
    mended = feeds.mend(rejects).encode()
    _upload(env, TRAFFIC, first.reject_file_name, mended).action_import()
    new = reported.sites[-1]
    for group in _waiting(env, TRAFFIC, new.name):
        group.resource_id = _resources(env, [new])[new.reference]
        group.note = "New site of the customer, ordered in the first week of the month."
        group.action_replay()


def _import_resold(env, reported):
    """A meter that we sell is mapped, one that we do not sell on is dismissed."""
    names = [bucket.name for bucket in reported.buckets]
    retrieval = feeds.NEW_METERS[0]
    text = feeds.focus_file(
        reported.seed, names, reported.first, reported.until, retrieval
    )
    name = f"northgate-focus-{reported.first:%Y-%m}.csv.gz"
    _upload(env, RESOLD, name, gzip.compress(text.encode(), mtime=0)).action_import()
    for group in _waiting(env, RESOLD, "Data-Transfer-Out-GiB"):
        group.meter_id = _meters(env)["eip.net_out"]
        group.action_replay()
    for group in _waiting(env, RESOLD, retrieval[0]):
        group.note = "Retrieval is included in what we charge for storage."
        group.action_dismiss()


def _upload(env, code, name, content):
    """A file that the billing specialist uploads."""
    source = env["iaas.usage.source"].search([("code", "=", code)])
    return (
        quiet(env["iaas.usage.import"])
        .with_user(user(env, "billing"))
        .create(
            {
                "name": name,
                "file": base64.b64encode(content),
                "source_id": source.id,
            }
        )
    )


def _waiting(env, code, name):
    """What waits under a name, as the billing specialist sees it."""
    groups = env["iaas.usage.quarantine"].with_user(user(env, "billing"))
    return groups.search([("source_id.code", "=", code), ("name", "=", name)])


def _fetch(env, reported):
    """Fetch as the scheduled action would have done day after day. It is off here from
    now on, since the systems that it asks are not there."""
    env.ref("iaas_billing.ir_cron_usage_pull").active = False
    with _systems(env, reported):
        for connector in quiet(env["iaas.usage.connector"].search([])):
            try:
                while connector._pull_page():
                    env.cr.commit()
                connector._note_success()
            except requests.RequestException as error:
                env.cr.rollback()
                for _hour in range(3):
                    connector._note_failure(error)


@contextmanager
def _systems(env, reported):
    """Answer in place of the systems that connectors ask."""

    def answer(_connector, _session, _method, url, params=None, *_rest, **_options):
        if "prometheus" in url:
            document = _ask_prometheus(reported, params)
        else:
            start, end = (
                datetime.fromisoformat(params[name].rstrip("Z"))
                for name in ("begin", "end")
            )
            vaults = [*reported.vaults, "trial-vault-02"]
            document = feeds.backup_answer(
                reported.seed, vaults, start, end, reported.last
            )
        return 200, feeds.as_json(document), {}

    with patch.object(env.registry["iaas.usage.connector"], "_send", answer):
        yield


def _ask_prometheus(reported, params):
    end = datetime.fromtimestamp(params["end"], timezone.utc).date()
    if end >= reported.silent_since:
        raise requests.ConnectTimeout("no connection within 60 seconds")
    return feeds.prometheus_answer(
        reported.seed,
        reported.instances,
        params["start"],
        params["end"],
        params["step"],
    )


def look_after(env, plan, references):
    """The month that runs: a file that waits to be accepted, one with a meter nobody
    knows yet, and what has fallen silent."""
    reported = _Reported(plan, references)
    first = reported.until + DAY
    if first <= reported.last:
        names = [site.name for site in reported.sites] + [
            "blog.not-yet-ordered.example"
        ]
        text = feeds.traffic_file(reported.seed, names, first, reported.last)
        name = f"lumen-traffic-{first:%Y-%m}-part.csv"
        _upload(env, TRAFFIC, name, text.encode()).action_check()
        text = feeds.focus_file(
            reported.seed,
            [bucket.name for bucket in reported.buckets],
            first,
            reported.last,
            feeds.NEW_METERS[1],
        )
        name = f"northgate-focus-{first:%Y-%m}-part.csv"
        _upload(env, RESOLD, name, text.encode()).action_import()
    quarantine = quiet(env["iaas.usage.quarantine"])
    quarantine._cron_find_silence()
    waiting = quarantine.search_count([("state", "=", "open")])
    return f"{waiting} names in quarantine"


def budget(env):
    """The customer with a login watches two budgets; one will not do."""
    contact = env["res.users"].search([("login", "=", "customer")]).partner_id
    usage = env["iaas.current.usage"].search(
        [("partner_id", "=", contact.commercial_partner_id.id)]
    )
    contract, product = usage.contract_id[:1], usage.product_id[:1]
    usage = usage.filtered(lambda one: one.contract_id == contract)
    of_product = usage.filtered(lambda one: one.product_id == product)
    shares = ((product.browse(), usage, 0.9), (product, of_product, 1.3))
    quiet(env["iaas.budget"]).create(
        [
            {
                "contract_id": contract.id,
                "product_id": service.id,
                "contact_id": contact.id,
                "amount": max(round(projected * share, -2), 100),
            }
            for service, entries, share in shares
            if (projected := sum(entries.mapped("amount_projected")))
        ]
    )


def retire(env, plan):
    """Move the events of the first month to a file, as the retention setting says:
    their daily sums stay."""
    today, start = plan.window.today, plan.window.start
    months = 12 * (today.year - start.year) + today.month - start.month
    if months < 2:
        return "nothing to retire"
    env["ir.config_parameter"].set_param(
        "iaas_billing.usage_retention_months", months - 1
    )
    archive = env["iaas.usage.archive"]
    archive._cron_retire()
    return f"{sum(archive.search([]).mapped('event_count')):,} events"
