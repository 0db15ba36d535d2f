from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timezone
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..models import iaas_usage_connector_http
from .metering_server import HOUR, MeteringServer
from .test_usage_quarantine import UsageQuarantineCommon

START = datetime(2026, 7, 1)


@tagged("post_install", "-at_install")
class TestUsageConnector(UsageQuarantineCommon):
    """Pulling usage from systems that don't send it, page by page, never twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Connector = cls.env["iaas.usage.connector"]
        cls.Connector.search([]).active = False
        cls.vms = cls.env["iaas.resource"].browse()
        for number in range(3):
            cls.vms += cls._iaas_resource(cls.traffic, external_ref=f"vm-{number}")

    def setUp(self):
        super().setUp()
        self.api = MeteringServer()
        self.addCleanup(self.api.stop)
        for patcher in (
            patch.dict("os.environ", {"IAAS_USAGE_HOSTS": "127.0.0.1"}),
            # Retries follow each other at once.
            patch.object(
                self.registry["iaas.usage.connector"], "_get_backoff", lambda self: 0
            ),
        ):
            patcher.start()
            self.addCleanup(patcher.stop)

    def _connector(self, kind, **values):
        return self.Connector.create(
            {
                "name": kind,
                "kind": kind,
                "source_id": self.source.id,
                "url": self.api.url,
                "start_date": START,
                "window_hours": 24,
                "page_size": 3,
                **values,
            }
        )

    def _pull(self):
        with self.enter_registry_test_mode():
            self.env.ref("iaas_billing.ir_cron_usage_pull").method_direct_trigger()
        self.env.invalidate_all()

    def _sum(self, resource=None):
        domain = [("source_id", "=", self.source.id)]
        if resource:
            domain.append(("resource_id", "=", resource.id))
        return sum(self.Event.search(domain).mapped("value"))

    # === CLOUDKITTY ===

    def _fill_cloudkitty(self, hours=10):
        self.env["iaas.usage.alias"]._map(
            self.source, "type", "network.out", self.meter
        )
        start = START.replace(tzinfo=timezone.utc)
        self.api.points = [
            (start + hour * HOUR, f"vm-{number}", 0.1)
            for hour in range(hours)
            for number in range(3)
        ]

    def test_cloudkitty(self):
        self._fill_cloudkitty()
        connector = self._connector(
            "cloudkitty",
            auth="keystone",
            auth_user="app",
            secret="s3cret",
            keystone_url=self.api.url,
        )
        self._pull()
        self.assertEqual((connector.last_state, connector.last_error), ("ok", False))
        self.assertEqual(connector.accepted_count, 30)
        # Exact, although JSON writes 0.1.
        self.assertEqual(self._sum(), Decimal("3.0"))
        # 10 July 9:00 less an hour of waiting.
        self.assertEqual(str(connector.fetched_until), "2026-07-10 08:00:00")
        self.assertFalse(connector.cursor)
        event = self.Event.search([("source_id", "=", self.source.id)], limit=1)
        self.assertEqual(event.dimensions["project_id"], "p-1")
        self.assertEqual(event.dimensions["region"], "tokyo")
        paths = Counter(path for path, *_rest in self.api.requests)
        self.assertGreater(paths["/v2/dataframes"], 10)
        _path, _query, headers, _body = self.api.requests[1]
        self.assertEqual(headers["X-Auth-Token"], "keystone-token")
        asked = len(self.api.requests)
        self._pull()
        self.assertEqual(len(self.api.requests), asked)

    def test_interrupted_after_a_page_it_goes_on_there_without_doubles(self):
        self._fill_cloudkitty()
        connector = self._connector("cloudkitty")
        original = self.api.answer
        served = []

        def answer(path, query):
            if len(served) == 2:
                return 400, {"error": "down"}, ()
            served.append(query)
            return original(path, query)

        self.api.answer = answer
        self._pull()
        self.assertEqual(connector.last_state, "failed")
        self.assertIn("400", connector.last_error)
        self.assertEqual(connector.failure_count, 1)
        self.assertEqual(connector.activity_ids.user_id, self.billing_user)
        # Two pages of three are stored, and the checkpoint knows.
        self.assertEqual(len(self._stored()), 6)
        self.assertEqual(connector.cursor["offset"], 6)
        self.assertFalse(connector.fetched_until)
        self._pull()
        self.assertEqual((connector.failure_count, len(connector.activity_ids)), (2, 1))
        self.api.answer = original
        self.api.requests.clear()
        self._pull()
        self.assertEqual(self.api.requests[0][1]["offset"], "6")
        self.assertEqual((len(self._stored()), self._sum()), (30, Decimal("3.0")))
        self.assertEqual(connector.duplicate_count, 0)
        self.assertEqual((connector.last_state, connector.failure_count), ("ok", 0))
        self.assertFalse(connector.activity_ids)

    def test_a_page_that_was_stored_but_not_noted_comes_again_as_known(self):
        self._fill_cloudkitty(2)
        connector = self._connector("cloudkitty")
        self._pull()
        connector.action_restart()
        self.assertFalse(connector.fetched_until)
        self._pull()
        self.assertEqual((connector.duplicate_count, self._sum()), (6, Decimal("0.6")))

    def test_a_moment_of_trouble_is_tried_again(self):
        self._fill_cloudkitty(1)
        connector = self._connector("cloudkitty")
        self.api.failures["/v2/dataframes"] = [503, 500, 429]
        self._pull()
        self.assertEqual(connector.last_state, "ok")
        self.assertEqual(len(self._stored()), 3)

    def test_lasting_trouble_is_shown(self):
        connector = self._connector("cloudkitty")
        self.api.failures["/v2/dataframes"] = [503] * 4
        self._pull()
        self.assertEqual(connector.last_state, "failed")
        self.assertIn("503", connector.last_error)

    def test_backfill(self):
        self._fill_cloudkitty(3)
        connector = self._connector("cloudkitty", start_date=START + 2 * HOUR)
        self._pull()
        self.assertEqual(len(self._stored()), 3)
        connector.start_date = START
        connector.action_restart()
        self._pull()
        self.assertEqual(len(self._stored()), 9)

    def test_unknown_names_go_to_quarantine(self):
        self._fill_cloudkitty(1)
        self.vms[0].unlink()
        connector = self._connector("cloudkitty")
        self._pull()
        self.assertEqual(
            (connector.accepted_count, connector.quarantined_count), (2, 1)
        )
        group = self._find("unknown_resource")
        self.assertEqual(group.name, "vm-0")
        group.resource_id = self.resource
        group.action_replay()
        self.assertEqual(len(self._stored()), 3)

    # === PROMETHEUS ===

    def _query(self, connector, meter=None, **values):
        return self.env["iaas.usage.connector.query"].create(
            {
                "connector_id": connector.id,
                "promql": "vm_up",
                "meter_id": (meter or self.meter).id,
                **values,
            }
        )

    def _unix(self, moment):
        return int(moment.replace(tzinfo=timezone.utc).timestamp())

    def test_prometheus_increase(self):
        """A sample at midnight tells of the hour before it, which is billed with it."""
        connector = self._connector("prometheus")
        query = self._query(connector, promql="increase(bytes[1h])")
        self.assertTrue(query.covers_step)
        self.assertFalse(query.ends_at_zero)
        midnight = self._unix(START)
        self.api.samples["increase(bytes[1h])"] = {
            "vm-0": {midnight: "1.5", midnight + 3600: "0.1"}
        }
        self._pull()
        events = self.Event.search([("source_id", "=", self.source.id)], order="time")
        self.assertEqual(
            [str(time) for time in events.mapped("time")],
            ["2026-06-30 23:00:00", "2026-07-01 00:00:00"],
        )
        self.assertEqual(self._sum(), Decimal("1.6"))

    def test_prometheus_level_that_ends(self):
        """A gauge whose series ends is zero from then on, once, also across windows
        and after an interruption."""
        gauge = self._iaas_meter(self.server, "up", "time_weighted", silent_days=0)
        base = datetime(2026, 7, 9, 20)
        connector = self._connector("prometheus", window_hours=2, start_date=base)
        query = self._query(connector, gauge)
        self.assertEqual((query.covers_step, query.ends_at_zero), (False, True))
        first = self._unix(base)
        self.api.samples["vm_up"] = {
            "vm-0": {first + hour * 3600: "2" for hour in range(4)},
            "vm-1": {first + hour * 3600: "1" for hour in (0, 1, 2, 5)},
        }
        self._pull()

        def levels(resource):
            events = self.Event.search(
                [("resource_id", "=", resource.id)], order="time"
            )
            return [((event.time - base) // HOUR, int(event.value)) for event in events]

        self.assertEqual(levels(self.vms[0]), [(0, 2), (1, 2), (2, 2), (3, 2), (4, 0)])
        self.assertEqual(
            levels(self.vms[1]), [(0, 1), (1, 1), (2, 1), (3, 0), (5, 1), (6, 0)]
        )
        self.assertFalse(query.alive)
        connector.action_restart()
        self._pull()
        self.assertEqual(connector.duplicate_count, 11)

    def test_prometheus_several_queries_and_steps(self):
        connector = self._connector("prometheus", window_hours=48)
        first = self._unix(START)
        for number in range(2):
            self._query(
                connector,
                promql=f"q{number}",
                step_seconds=900,
                subject_label="resource",
                covers_step=False,
            )
            self.api.samples[f"q{number}"] = {
                f"vm-{number}": {first + n * 900: "1" for n in range(9 * 24 * 4)}
            }
        self.api.requests.clear()
        self._pull()
        self.assertEqual(self._sum(self.vms[0]), 9 * 24 * 4)
        self.assertEqual(self._sum(self.vms[1]), 9 * 24 * 4)
        self.assertEqual(connector.duplicate_count, 0)

    def test_prometheus_bad_samples_wait_with_their_reason(self):
        connector = self._connector("prometheus")
        self._query(connector, covers_step=False)
        self.api.samples["vm_up"] = {"vm-0": {self._unix(START): "NaN"}}
        self._pull()
        self.assertEqual(connector.quarantined_count, 1)
        self.assertEqual(self._find("not_a_number").waiting_count, 1)

    def test_prometheus_says_what_is_wrong(self):
        connector = self._connector("prometheus")
        self._pull()
        self.assertIn("queries", connector.last_error)
        self._query(connector)
        self.api.prometheus = lambda query: {"status": "error", "error": "parse"}
        self._pull()
        self.assertIn("parse", connector.last_error)

    # === ANY JSON ===

    def _fill_json(self):
        self.api.items = [
            {
                "time": f"2026-07-01T0{hour}:00:00Z",
                "vm": {"ref": "vm-0"},
                "used": 1,
                "meta": [{"az": "a"}],
            }
            for hour in range(7)
        ]

    def _json_connector(self, **values):
        return self._connector(
            "json",
            **{
                "url": f"{self.api.url}/usage",
                "window_hours": 240,
                "json_items": "result.list",
                "json_subject": "vm.ref",
                "json_value": "used",
                "json_meter_id": self.meter.id,
                "json_dimensions": "az = meta[0].az\n",
                **values,
            },
        )

    def test_json_pages(self):
        self._fill_json()
        for number, paging in enumerate(
            (
                {"json_paging": "page", "json_size_param": "size"},
                {
                    "json_paging": "cursor",
                    "json_next": "cursor",
                    "json_page_param": "page",
                },
                {"json_paging": "next", "json_next": "next"},
            )
        ):
            with self.subTest(paging=paging):
                connector = self._json_connector(**paging)
                self._pull()
                self.assertEqual(
                    (connector.last_error, connector.received_count), (False, 7)
                )
                self.assertEqual(len(self._stored()), 7)
                expected = 0 if number == 0 else 7
                self.assertEqual(connector.duplicate_count, expected)
                connector.active = False
        event = self.Event.search([("source_id", "=", self.source.id)], limit=1)
        self.assertEqual(event.dimensions, {"az": "a"})

    def test_json_that_leads_elsewhere_or_nowhere(self):
        self._fill_json()
        connector = self._json_connector(json_paging="next", json_next="next")
        original = self.api.page
        for link, message in (
            ("http://evil.example.com/usage", "another host"),
            (f"{self.api.url}/usage?page=2", "same again"),
        ):
            self.api.page = lambda query: original(query) | {"next": link}  # noqa: B023
            self._pull()
            self.assertIn(message, connector.last_error)
        self.api.page = lambda query: {"nothing": 1}
        connector.action_restart()
        self._pull()
        self.assertIn("no list", connector.last_error)
        connector.url = f"{self.api.url}/redirect"
        self._pull()
        self.assertIn("302", connector.last_error)
        connector.url = f"{self.api.url}/html"
        self._pull()
        self.assertIn("not valid JSON", connector.last_error)

    def test_pages_that_never_end_are_a_failure(self):
        self._fill_json()
        for paging in ("page", "offset"):
            with self.subTest(paging=paging):
                connector = self._json_connector(
                    json_paging=paging, json_page_param="nobody_knows"
                )
                self._pull()
                self.assertIn("same again", connector.last_error)
                self.assertFalse(connector.fetched_until)
                connector.active = False

    # === ONE FAILS, THE OTHERS GO ON ===

    def test_a_failing_connector_leaves_the_others_alone(self):
        self._fill_cloudkitty(1)
        broken = self._connector("json", json_meter_id=self.meter.id, name="a broken")
        good = self._connector("cloudkitty", name="b good")
        self._pull()
        self.assertEqual((broken.last_state, good.last_state), ("failed", "ok"))
        self.assertEqual(len(self._stored()), 3)

    def test_the_test_button_stores_nothing(self):
        self._fill_cloudkitty(1)
        connector = self._connector("cloudkitty")
        message = connector.action_test()["params"]["message"]
        self.assertIn("3 event(s)", message)
        self.assertIn("vm-0", message)
        self.assertFalse(self._stored())
        self.assertFalse(connector.fetched_until)
        self.api.failures["/v2/dataframes"] = [404]
        with self.assertRaisesRegex(UserError, "404"):
            connector.action_test()

    # === WHERE IT MAY GO, AND WHO MAY SEE ===

    def test_it_does_not_go_where_the_server_must_not(self):
        connector = self._connector("cloudkitty")
        for hosts in ("", "prometheus.example.com"):
            with self.subTest(hosts=hosts):
                with self._allow(hosts):
                    with self.assertRaisesRegex(UserError, "may not be fetched"):
                        connector.action_test()
        with self._allow(""):
            for url in (
                "http://169.254.169.254",
                "http://[::1]:80",
                "http://[::ffff:127.0.0.1]:5432",
                "http://[::ffff:169.254.169.254]",
                "http://0.0.0.0",
                "http://localhost:5432",
            ):
                with self.subTest(url=url):
                    connector.url = url
                    with self.assertRaisesRegex(UserError, "may not be fetched"):
                        connector.action_test()
        for url in ("file:///etc/passwd", "ftp://a", "http://u:p@host", "http://", "x"):
            with self.subTest(url=url), self.assertRaises(ValidationError):
                connector.url = url
        self.assertFalse(self.api.requests)

    @contextmanager
    def _allow(self, hosts):
        with patch.dict("os.environ", {"IAAS_USAGE_HOSTS": hosts}):
            yield

    def test_an_answer_without_end_is_cut(self):
        self.patch(iaas_usage_connector_http, "_MAX_ANSWER", 10)
        connector = self._json_connector()
        self._pull()
        self.assertIn("larger than", connector.last_error)

    def test_credentials(self):
        expected = {
            "basic": {"Authorization": "Basic dTpzM2NyZXQ="},
            "bearer": {"Authorization": "Bearer s3cret"},
            "header": {"X-Api-Key": "s3cret"},
        }
        for auth, headers in expected.items():
            connector = self._json_connector(
                auth=auth, auth_user="u", auth_header="X-Api-Key", secret="s3cret"
            )
            connector.action_test()
            sent = self.api.requests[-1][2]
            self.assertEqual({name: sent.get(name) for name in headers}, headers)
        # Sent to another host, the secret would be told to it.
        connector.url = "http://other.example.com/usage"
        self.assertFalse(connector.secret)

    def test_who_sees_the_secret_and_sets_up(self):
        connector = self._connector("cloudkitty", auth="bearer", secret="s3cret")
        for user in (self.billing_user, self.auditor):
            as_user = connector.with_user(user)
            self.assertEqual(as_user.name, "cloudkitty")
            with self.assertRaises(AccessError):
                as_user.read(["secret"])
            with self.assertRaises(AccessError):
                as_user.search([("secret", "=like", "s%")])
            for action in ("action_fetch", "action_test", "action_restart"):
                with self.assertRaises(AccessError):
                    getattr(as_user, action)()
            with self.assertRaises(AccessError):
                as_user.write({"url": "http://elsewhere"})
        manager = connector.with_user(self.billing_manager)
        self.assertEqual(manager.secret, "s3cret")
        self.assertFalse(manager.copy().secret)
        for name, value in (
            ("fetched_until", "2026-07-05 00:00:00"),
            ("cursor", {"offset": 3}),
            ("accepted_count", 1),
        ):
            with self.subTest(name=name), self.assertRaises(UserError):
                manager.write({name: value})

    def test_another_company_stays_hidden(self):
        connector = self._connector("prometheus")
        query = self._query(connector)
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.billing_manager.write(
            {"company_ids": [(4, company.id)], "company_id": company.id}
        )
        for record in (connector, query):
            there = record.with_user(self.billing_manager).with_context(
                allowed_company_ids=company.ids
            )
            with self.assertRaises(AccessError):
                there.read(["display_name"])

    def test_what_it_fetched_keeps_its_source(self):
        self._fill_cloudkitty(1)
        connector = self._connector("cloudkitty")
        self._pull()
        with self.assertRaisesRegex(UserError, "has fetched usage"):
            connector.source_id = self.source.copy({"code": "another"})
