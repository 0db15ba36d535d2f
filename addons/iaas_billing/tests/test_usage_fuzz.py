import base64
import json

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..controllers import limits
from .test_usage_ingest import IaasUsageCommon

URL = "/iaas/api/v1/events"
MEDIA_TYPES = (
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/x-ndjson",
    "application/json",
)

text = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3)
    ),
    max_leaves=6,
)
# Near to what is right, so that more than the first check is reached.
times = st.sampled_from(
    [
        "2026-06-01T00:00:00Z",
        "2026-06-01T24:00:00Z",
        "2026-06-01T00:00:00+14:59",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+23:59",
        "2026-02-30T00:00:00Z",
        "2026-06-01",
    ]
)
numbers = st.sampled_from(
    ["1.5", "-1", "1e400", "1e-400", "NaN", "Infinity", "0x10", "1_0", "9" * 200, ""]
)
events = st.fixed_dictionaries(
    {},
    optional={
        "specversion": st.sampled_from(["1.0", "0.3"]) | json_values,
        "id": st.sampled_from(["e-1", "e-2", "\x00", "é" * 600]) | json_values,
        "source": st.sampled_from(["collector", "other"]) | json_values,
        "type": st.sampled_from(["traffic.gib", "unknown"]) | json_values,
        "subject": st.sampled_from(["net-1", "unknown"]) | json_values,
        "time": times | json_values,
        "data": st.fixed_dictionaries({"value": numbers | json_values}) | json_values,
        "datacontenttype": json_values,
    },
)
bodies = (
    st.binary(max_size=60)
    | st.lists(events, max_size=4).map(lambda batch: json.dumps(batch).encode())
    | events.map(lambda event: json.dumps(event).encode())
    | st.lists(events, max_size=4).map(
        lambda batch: "\n".join(map(json.dumps, batch)).encode()
    )
)
cells = st.sampled_from(
    [
        *("e-1", "traffic.gib", "net-1", "2026-06-01T00:00:00Z", "1.5", "-1", "NaN"),
        *("", '"', '""', "é", "\x00", "\r", "1e400", "collector", "9" * 400),
    ]
)
rows = st.lists(cells, max_size=8).map(",".join)
headers = st.sampled_from(
    ["id,type,subject,time,value", "id,type,subject,time,value,region", "value", ""]
)
files = st.binary(max_size=80) | st.builds(
    lambda header, lines: "\n".join([header, *lines]).encode(errors="surrogatepass"),
    headers,
    st.lists(rows, max_size=5),
)

fuzzed = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@tagged("post_install", "-at_install")
class TestUsageFuzz(IaasUsageCommon, HttpCase):
    """Issue 4: whatever is sent, the endpoint and the importers answer in words; no
    error of ours, and nothing is half stored."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        collector = new_test_user(
            cls.env, "fuzz", "iaas_billing.group_iaas_usage_collector"
        )
        keys = cls.env["res.users.apikeys"].with_user(collector).sudo()
        cls.key = keys._generate(None, "fuzz", "2099-01-01 00:00:00")

    def _count(self):
        self.env.invalidate_all()
        return self.Event.search_count([("source_id", "=", self.source.id)])

    @fuzzed
    @given(bodies, st.sampled_from(MEDIA_TYPES))
    def test_endpoint(self, body, media_type):
        limits._buckets.clear()
        before = self._count()
        with mute_logger("odoo.http"):
            response = self.url_open(
                URL,
                data=body,
                headers={
                    "Content-Type": media_type,
                    "Authorization": f"Bearer {self.key}",
                },
                method="POST",
            )
        self.assertIn(response.status_code, (204, 400, 409, 413, 415, 422))
        if response.status_code != 204:
            self.assertEqual(response.json()["status"], response.status_code)
            self.assertEqual(self._count(), before)

    @fuzzed
    @given(files, st.sampled_from(["usage.csv", "usage.ndjson", "usage.csv.gz"]))
    def test_importer(self, content, name):
        savepoint = self.env.cr.savepoint()
        before = self._count()
        try:
            usage_import = (
                self.env["iaas.usage.import"]
                .with_user(self.billing_user)
                .create(
                    {
                        "name": name,
                        "file": base64.b64encode(content),
                        "source_id": self.source.id,
                    }
                )
            )
            usage_import.action_import()
            counts = usage_import.read(
                [
                    "received_count",
                    "accepted_count",
                    "duplicate_count",
                    "quarantined_count",
                    "ignored_count",
                    "reject_count",
                ]
            )[0]
            received = counts.pop("received_count")
            counts.pop("id")
            self.assertEqual(received, sum(counts.values()))
            self.assertEqual(self._count(), before + counts["accepted_count"])
        except UserError as error:
            self.assertTrue(str(error))
            self.assertEqual(self._count(), before)
        finally:
            savepoint.rollback()
            savepoint.close(rollback=False)
            self.env.invalidate_all()
