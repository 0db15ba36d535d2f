import gzip
import json
from decimal import Decimal

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..controllers import limits
from .test_usage_ingest import IaasUsageCommon

URL = "/iaas/api/v1/events"
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@tagged("post_install", "-at_install")
class TestUsageHttp(IaasUsageCommon, HttpCase):
    """The API of docs/api/events.md through a real socket and a real key (R46)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = new_test_user(
            cls.env, "collector", "iaas_billing.group_iaas_usage_collector"
        )
        cls.source.user_ids = cls.collector
        cls.key = cls._make_key(cls.collector)

    @classmethod
    def _make_key(cls, user):
        keys = cls.env["res.users.apikeys"].with_user(user).sudo()
        return keys._generate(None, "collector", "2099-01-01 00:00:00")

    def setUp(self):
        super().setUp()
        limits._buckets.clear()

    def _post(self, body, media_type=BATCH, key=None, **headers):
        if not isinstance(body, bytes | str):
            body = json.dumps(body)
        headers = {"Content-Type": media_type, **headers}
        if key != "":
            headers["Authorization"] = f"Bearer {key or self.key}"
        self.env.flush_all()
        with mute_logger("odoo.http"):
            return self.url_open(URL, data=body, headers=headers, method="POST")

    def assertProblem(self, response, status, *errors):
        """A problem document that names the refused events by index and reason."""
        self.assertEqual(response.status_code, status, response.text)
        self.assertEqual(
            response.headers["Content-Type"],
            "application/problem+json; charset=utf-8",
        )
        problem = response.json()
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["title"])
        self.assertTrue(problem["detail"])
        found = [
            (error["index"], error["id"], error["reason"])
            for error in problem.get("errors", ())
        ]
        self.assertEqual(found, list(errors))
        self.assertFalse(self._stored())
        return problem

    def assertTaken(self, response):
        self.assertEqual(response.status_code, 204, response.text)
        self.assertEqual(response.content, b"")

    def test_other_methods_are_refused_with_a_problem_document(self):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            response = self.url_open(URL, method=method)
            self.assertProblem(response, 405)
            self.assertEqual(response.headers["Allow"], "POST")

    def test_one_event(self):
        self.assertTaken(self._post(self._event(), ONE))
        self.assertEqual(self._stored(), {"e-1": Decimal("1.5")})

    def test_every_media_type(self):
        def lines(events):
            return "\n".join(map(json.dumps, events)) + "\n"

        events = [self._event(id=f"e-{number}") for number in range(10)]
        for body, media_type in (
            (events[0], ONE),
            (events[1:3], f"{BATCH}; charset=UTF-8"),
            (events[3], "application/json"),
            (events[4:6], "application/json"),
            (lines(events[6:8]), "application/x-ndjson"),
            (lines(events[8:9]), "application/ndjson"),
            (lines(events[9:]), "application/jsonl"),
            ([], BATCH),
            ("", "application/x-ndjson"),
        ):
            with self.subTest(media_type=media_type):
                self.assertTaken(self._post(body, media_type))
        self.assertEqual(len(self._stored()), 10)

    def test_the_same_batch_twice(self):
        batch = [self._event(id=f"e-{number}") for number in range(3)]
        self.assertTaken(self._post(batch))
        self.assertTaken(self._post(batch))
        self.assertEqual(len(self._stored()), 3)

    def test_numbers_arrive_exact(self):
        body = json.dumps(self._event()).replace('"1.5"', "0.1000000000000000055511")
        self.assertTaken(self._post(body, ONE))
        self.assertEqual(self._stored(), {"e-1": Decimal("0.1000000000000000055511")})

    def test_bad_events_are_named_and_the_batch_stays_out(self):
        bad = (
            ({"specversion": ...}, "malformed_event"),
            ({"id": ...}, "malformed_event"),
            ({"subject": ...}, "malformed_event"),
            ({"data": "text"}, "malformed_event"),
            ({"source": "nothing"}, "unknown_source"),
            ({"type": "nothing"}, "unknown_meter"),
            ({"subject": "nothing"}, "unknown_resource"),
            ({"time": "2026-06-01T00:00:00"}, "time_without_zone"),
            ({"time": "yesterday"}, "invalid_time"),
            ({"data": {"value": -1}}, "negative_quantity"),
            ({"data": {"value": "many"}}, "not_a_number"),
            ({"data": {"value": None}}, "not_a_number"),
        )
        for change, reason in bad:
            with self.subTest(change=change):
                event = self._event(**{"id": "bad", **change})
                response = self._post([self._event(id="good"), event])
                self.assertProblem(response, 422, (1, event.get("id"), reason))
        events = [
            self._event(**{"id": f"e-{index}", **change})
            for index, (change, _reason) in enumerate(bad)
        ]
        problem = self.assertProblem(
            self._post([*events, self._event(id="good"), 5]),
            422,
            *((n, events[n].get("id"), reason) for n, (_c, reason) in enumerate(bad)),
            (len(bad) + 1, None, "malformed_event"),
        )
        self.assertIn("13 of 14", problem["detail"])

    def test_what_nobody_knows_is_kept_in_quarantine(self):
        """R46: the sender is told and the operator sees it; nothing is lost, nothing
        counted twice when both mend it."""
        batch = [
            self._event(id="good"),
            self._event(id="typed", type="Bandwidth"),
            self._event(id="lost", subject="vm-77", time=...),
            self._event(id="bad", data={"value": -1}),
        ]
        for _again in range(2):
            self.assertProblem(
                self._post(batch),
                422,
                (1, "typed", "unknown_meter"),
                (2, "lost", "unknown_resource"),
                (3, "bad", "negative_quantity"),
            )
        self.assertFalse(self._stored())
        groups = self.env["iaas.usage.quarantine"].search(
            [("source_id", "=", self.source.id)]
        )
        self.assertEqual(
            {(group.reason, group.name, group.waiting_count) for group in groups},
            {("unknown_meter", "Bandwidth", 1), ("unknown_resource", "vm-77", 1)},
        )
        for group in groups:
            if group.reason == "unknown_meter":
                group.meter_id = self.meter
            else:
                group.resource_id = self.resource
        groups.action_replay()
        self.assertEqual(self._stored().keys(), {"typed", "lost"})
        # What was mapped is known to this way in, too.
        self.assertTaken(self._post(batch[:3]))
        self.assertEqual(len(self._stored()), 3)

    def test_a_batch_of_strangers_fills_no_quarantine(self):
        batch = [self._event(id=f"e-{n}", subject=f"vm-{n}") for n in range(210)]
        response = self._post(batch)
        self.assertEqual(response.status_code, 422)
        self.assertEqual(len(response.json()["errors"]), 210)
        domain = [("source_id", "=", self.source.id)]
        self.assertEqual(self.env["iaas.usage.quarantine"].search_count(domain), 200)

    def test_nan_is_refused_by_its_index(self):
        body = json.dumps([self._event(), self._event(id="x")])
        body = '"NaN"'.join(body.rsplit('"1.5"', 1))
        self.assertProblem(self._post(body), 422, (1, "x", "not_a_number"))
        body = body.replace('"NaN"', "NaN")
        self.assertProblem(self._post(body), 422, (1, "x", "not_a_number"))

    def test_an_id_with_another_value(self):
        self.assertTaken(self._post(self._event(), ONE))
        response = self._post([self._event(id="new"), self._event(data={"value": 2})])
        self.assertEqual(response.status_code, 422)
        (error,) = response.json()["errors"]
        self.assertEqual(error["index"], 1)
        self.assertEqual(error["reason"], "duplicate_id")
        self.assertEqual(self._stored(), {"e-1": Decimal("1.5")})

    def test_a_bad_line_is_named(self):
        body = json.dumps(self._event()) + "\n\n{bad\n"
        response = self._post(body, "application/x-ndjson")
        self.assertProblem(response, 422, (1, None, "malformed_event"))

    def test_malformed_bodies(self):
        for body, media_type in (
            ("{", ONE),
            ("", ONE),
            ("[{]", BATCH),
            ("[" * 100_000, BATCH),
            (b"\xff\xfe", BATCH),
            ([self._event()], ONE),
            (self._event(), BATCH),
        ):
            with self.subTest(body=body[:10] if isinstance(body, str) else body):
                self.assertProblem(self._post(body, media_type), 400)

    def test_wrong_media_type(self):
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "x"):
            self.assertProblem(self._post(self._event(), media_type), 415)
        response = self._post(self._event(), ONE, **{"Content-Encoding": "br"})
        self.assertProblem(response, 415)

    def test_gzip(self):
        encoded = {"Content-Encoding": "gzip"}
        batch = json.dumps([self._event(id=f"e-{n}") for n in range(50)]).encode()
        self.assertTaken(self._post(gzip.compress(batch), **encoded))
        self.assertEqual(len(self._stored()), 50)
        self.assertTaken(self._post(batch))
        self.assertEqual(len(self._stored()), 50)

    def test_bad_gzip(self):
        encoded = {"Content-Encoding": "gzip"}
        whole = gzip.compress(json.dumps([self._event()]).encode())
        for body in (b"", b"[]", whole[:-9], whole + b"junk"):
            response = self._post(body, **encoded)
            self.assertProblem(response, 400)

    def test_a_bomb_is_refused_by_what_it_becomes(self):
        bomb = gzip.compress(b" " * (64 * 1024 * 1024))
        self.assertLess(len(bomb), 100_000)
        response = self._post(bomb, **{"Content-Encoding": "gzip"})
        self.assertProblem(response, 413)

    def test_a_key_that_sends_too_much_waits(self):
        self.env["ir.config_parameter"].set_param(
            "iaas_billing.usage_events_per_minute", "4"
        )
        batch = [self._event(id=f"e-{n}") for n in range(6)]
        self.assertTaken(self._post(batch))
        response = self._post(batch[:1])
        self.assertEqual(response.status_code, 429)
        self.assertEqual(response.json()["status"], 429)
        self.assertTrue(20 <= int(response.headers["Retry-After"]) <= 31)
        manager = self._make_key(self.billing_manager)
        self.assertTaken(self._post(batch[:1], key=manager))

    def test_a_verified_key_is_checked_each_time_all_the_same(self):
        """The slow hash is skipped; revoking, expiry and archiving are not."""
        keys = self.env["res.users.apikeys"].sudo()
        record = keys.search([("user_id", "=", self.collector.id)])
        for _twice in range(2):
            self.assertTaken(self._post(self._event(), ONE))
        self.collector.active = False
        self.assertEqual(self._post(self._event(), ONE).status_code, 401)
        self.collector.active = True
        self.assertTaken(self._post(self._event(), ONE))
        expired = "2020-01-01 00:00:00"
        self.env.cr.execute(
            "UPDATE res_users_apikeys SET expiration_date = %s WHERE id = %s",
            [expired, record.id],
        )
        self.assertEqual(self._post(self._event(), ONE).status_code, 401)
        self.env.cr.execute("DELETE FROM res_users_apikeys WHERE id = %s", [record.id])
        self.assertEqual(self._post(self._event(), ONE).status_code, 401)
        self.assertEqual(
            self._post(self._event(), ONE, key=self.key[:-1] + "x").status_code, 401
        )

    def test_too_large(self):
        self.assertProblem(self._post(b" " * (16 * 1024 * 1024 + 1)), 413)

    def test_keys(self):
        for key in ("", "f" * 40):
            response = self._post(self._event(), ONE, key=key)
            self.assertProblem(response, 401)
            self.assertIn("bearer", response.headers["WWW-Authenticate"].lower())

    def test_who_may_send(self):
        user = self._make_key(self.billing_user)
        self.assertProblem(self._post(self._event(), ONE, key=user), 403)
        other = self.source.copy({"code": "other", "user_ids": self.billing_user.ids})
        response = self._post([self._event(source="other")])
        self.assertProblem(response, 403, (0, "e-1", "source_not_allowed"))
        self.assertTaken(self._post([self._event(source="other")], key=user))
        manager = self._make_key(self.billing_manager)
        self.assertTaken(self._post(self._event(), ONE, key=manager))
        self.assertTrue(other._is_sender(self.billing_manager))

    def test_a_source_without_senders_takes_from_any_collector(self):
        self.source.user_ids = False
        user = self._make_key(self.billing_user)
        self.assertProblem(self._post(self._event(), ONE, key=user), 403)
        self.assertTaken(self._post(self._event(), ONE))

    def test_sources_of_another_company_are_unknown(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.source.copy(
            {"code": "foreign", "company_id": company.id, "user_ids": False}
        )
        response = self._post([self._event(source="foreign")])
        self.assertProblem(response, 422, (0, "e-1", "unknown_source"))
