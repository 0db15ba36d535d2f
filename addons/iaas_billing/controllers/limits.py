"""How much a key may send to this process."""

import threading
import time

from odoo.tools.lru import LRU

from ..metering import Bucket

_buckets = LRU(4096)
_lock = threading.Lock()

LIMITS = {
    "iaas_billing.usage_requests_per_minute": 6_000,
    "iaas_billing.usage_events_per_minute": 3_000_000,
}


def take(env, events):
    """Count a request with so many events of the user; return the seconds to wait
    instead when the user has sent too much."""
    parameters = env["ir.config_parameter"].sudo()
    now = time.monotonic()
    with _lock:
        buckets = []
        for (name, default), amount in zip(LIMITS.items(), (1, events), strict=True):
            text = parameters.get_param(name) or ""
            per_minute = int(text) if text.isdecimal() and int(text) else default
            key = (env.cr.dbname, env.uid, name)
            bucket = _buckets.get(key)
            if bucket is None or bucket.per_minute != per_minute:
                bucket = _buckets[key] = Bucket.full(per_minute, now)
            buckets.append((bucket, amount))
        seconds = max(bucket.wait(now) for bucket, _amount in buckets)
        if not seconds:
            for bucket, amount in buckets:
                bucket.take(amount)
        return seconds
