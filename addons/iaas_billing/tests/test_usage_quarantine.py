import random
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..metering import Entry
from ..models import iaas_usage_replay
from .test_usage_ingest import IaasUsageCommon


class UsageQuarantineCommon(IaasUsageCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Quarantine = cls.env["iaas.usage.quarantine"]
        cls.source.user_id = cls.billing_user

    def _take_in(self, *events, **kwargs):
        entries = [Entry(index, "", event) for index, event in enumerate(events)]
        taken = self.Event._take_in(lambda: entries, self.source, **kwargs)
        self.assertEqual(
            taken.received,
            taken.accepted
            + taken.duplicates
            + taken.quarantined
            + taken.ignored
            + len(taken.refused),
        )
        self.assertEqual(taken.received, len(events))
        return taken

    def _find(self, reason, name=None):
        domain = [("source_id", "=", self.source.id), ("reason", "=", reason)]
        if name:
            domain.append(("name", "=", name))
        return self.Quarantine.search(domain).with_user(self.billing_user)


@tagged("post_install", "-at_install")
class TestUsageQuarantine(UsageQuarantineCommon, CronMixinCase):
    """What nobody knows yet waits with its reason and an owner; nothing is lost."""

    def test_unknown_names_wait_once(self):
        events = [
            self._event(id="t-1", type="Bandwidth"),
            self._event(id="t-2", type="Bandwidth"),
            self._event(id="s-1", subject="vm-77"),
            self._event(id="bad", data={"value": -1}),
            self._event(id="good"),
        ]
        taken = self._take_in(*events)
        self.assertEqual((taken.accepted, taken.quarantined), (1, 3))
        self.assertEqual(
            [one.reason for _e, one in taken.refused], ["negative_quantity"]
        )
        group = self._find("unknown_meter")
        self.assertEqual((group.name, group.waiting_count), ("Bandwidth", 2))
        self.assertEqual(self._find("unknown_resource").name, "vm-77")
        self._take_in(*events)
        self.assertEqual(group.waiting_count, 2)
        self.assertEqual(len(self._find("unknown_meter")), 1)

    def test_an_owner_is_told_once_for_a_source(self):
        self._take_in(*(self._event(id=f"s-{n}", subject=f"vm-{n}") for n in range(30)))
        groups = self._find("unknown_resource")
        self.assertEqual(groups.user_id, self.billing_user)
        self.assertEqual(len(groups.activity_ids), 1)
        told = groups.filtered("activity_ids")
        told.note = "Test machines"
        told.action_dismiss()
        # The next of the same source carries the reminder on.
        self.assertEqual(len((groups - told).activity_ids), 1)

    def test_a_type_is_mapped_and_replayed(self):
        self._iaas_meter(self.server, "srv", value_property="hours")
        value = "123456789012345678.123456789012345678"
        self._take_in(
            self._event(id="t-1", type="Server", data={"value": value, "az": "a"}),
            self._event(id="t-2", type="Server", subject="vm-9"),
        )
        group = self._find("unknown_meter")
        with self.assertRaisesRegex(UserError, "Map an unknown type"):
            group.resource_id = self.resource
        group.meter_id = self.env["iaas.meter"].search([("code", "=", "srv")])
        group.action_replay()
        self.assertEqual(self._stored(), {"t-1": Decimal(value)})
        event = self.Event.search([("event_id", "=", "t-1")])
        self.assertEqual(event.dimensions, {"az": "a"})
        # The other one is known by its type now, and waits for its resource.
        self.assertEqual(group.state, "done")
        other = self._find("unknown_resource")
        self.assertEqual((other.name, other.waiting_count), ("vm-9", 1))
        other.resource_id = self.resource
        other.action_replay()
        self.assertEqual(set(self._stored()), {"t-1", "t-2"})
        # From now on the source may speak its own language.
        self.assertEqual(
            self._take_in(
                self._event(id="t-3", type="Server", subject="vm-9")
            ).accepted,
            1,
        )

    def test_replaying_twice_changes_nothing(self):
        self._take_in(self._event(subject="vm-9"))
        group = self._find("unknown_resource")
        group.resource_id = self.resource
        group.action_replay()
        group.action_replay()
        # The source sends again what was replayed.
        self.assertEqual(self._take_in(self._event(subject="vm-9")).duplicates, 1)
        self.assertEqual(len(self._stored()), 1)
        self.assertEqual((group.waiting_count, group.stored_count), (0, 1))

    def test_without_mapping_it_goes_on_waiting(self):
        self._take_in(self._event(subject="vm-9"))
        group = self._find("unknown_resource")
        message = group.action_replay()["params"]
        self.assertEqual((message["type"], group.state), ("warning", "open"))
        self.assertIn("1 event(s) still wait. Choose", message["message"])
        # The resource was missing, and is entered now: no mapping is needed.
        self._iaas_resource(self.traffic, external_ref="vm-9")
        group.action_replay()
        self.assertEqual(group.state, "done")
        self.assertEqual(len(self._stored()), 1)

    def test_bulk_replay(self):
        self._take_in(
            *(self._event(id=f"s-{n}", subject=f"vm-{n}") for n in range(5)),
            *(self._event(id=f"t-{n}", type="Other") for n in range(5)),
        )
        for n in range(4):
            self._iaas_resource(self.traffic, external_ref=f"vm-{n}")
        groups = self._find("unknown_resource") + self._find("unknown_meter")
        silent = self.Quarantine.create(
            {
                "reason": "silent",
                "name": "net-1",
                "company_id": self.company.id,
                "resource_id": self.resource.id,
                "meter_id": self.meter.id,
                "first_seen": "2026-07-01",
                "last_seen": "2026-07-01",
            }
        ).with_user(self.billing_user)
        # What is silent is passed over, but not replayed alone.
        (groups + silent).action_replay()
        self.assertEqual(len(self._stored()), 4)
        self.assertEqual(sum(groups.mapped("waiting_count")), 6)
        self.assertEqual(silent.state, "open")
        with self.assertRaisesRegex(UserError, "ends by itself"):
            silent.action_replay()

    def test_a_large_replay_goes_on_in_the_background(self):
        self.patch(iaas_usage_replay, "_CHUNK", 10)
        self.patch(iaas_usage_replay, "_AT_ONCE", 1)
        self._take_in(*(self._event(id=f"s-{n}", subject="vm-9") for n in range(35)))
        group = self._find("unknown_resource")
        group.resource_id = self.resource
        cron = self.env.ref("iaas_billing.ir_cron_usage_replay")
        with self.capture_triggers(cron.id) as triggers:
            group.action_replay()
        self.assertEqual(len(triggers.records), 1)
        self.assertEqual((len(self._stored()), group.is_replaying), (10, True))
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(len(self._stored()), 35)
        self.assertEqual((group.state, group.is_replaying), ("done", False))

    def test_a_replay_that_fails_keeps_no_other_back(self):
        for name in ("vm-8", "vm-9"):
            self._take_in(self._event(id=name, subject=name))
            group = self._find("unknown_resource", name).sudo()
            group.resource_id = self.resource
            group._map()
            group.is_replaying = True
        Quarantine = self.env.registry["iaas.usage.quarantine"]
        original = Quarantine._replay_chunk

        def fail(group):
            if group.name == "vm-9":
                raise KeyError("surprise")
            return original(group)

        cron = self.env.ref("iaas_billing.ir_cron_usage_replay")
        with (
            patch.object(Quarantine, "_replay_chunk", fail),
            mute_logger("odoo.addons.iaas_billing.models.iaas_usage_replay"),
            self.enter_registry_test_mode(),
        ):
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self._find("unknown_resource", "vm-8").state, "done")
        failed = self._find("unknown_resource", "vm-9")
        self.assertEqual((failed.state, failed.is_replaying), ("open", False))
        self.assertIn("surprise", failed.detail)

    def test_dismissing_needs_a_reason_and_keeps_the_events(self):
        self._take_in(self._event(subject="vm-9"))
        group = self._find("unknown_resource")
        with self.assertRaisesRegex(UserError, "remark"):
            group.action_dismiss()
        group.note = "Our own monitoring"
        group.action_dismiss()
        self.assertEqual((group.state, group.dismissed_count), ("dismissed", 1))
        # More of it is dismissed as well, and counted.
        self._take_in(self._event(id="e-2", subject="vm-9"))
        self.assertEqual((group.waiting_count, group.dismissed_count), (0, 2))
        group.action_reopen()
        group.resource_id = self.resource
        group.action_replay()
        self.assertEqual(len(self._stored()), 2)

    def test_several_are_dismissed_with_one_remark(self):
        """The dialog asks once for all that was chosen, and passes over the closed."""
        self._take_in(*(self._event(id=f"s-{n}", subject=f"vm-{n}") for n in range(3)))
        groups = self._find("unknown_resource")
        done = groups[0]
        done.resource_id = self.resource
        done.action_replay()
        action = groups.action_ask_dismiss()
        dismissal = (
            self.env["iaas.usage.dismissal"]
            .with_user(self.billing_user)
            .with_context(**action["context"])
            .create({"note": "Test machines of our own"})
        )
        self.assertEqual(dismissal.quarantine_ids, groups - done)
        self.assertEqual(dismissal.waiting_count, 2)
        self.assertTrue(dismissal.is_unknown)
        self.assertFalse(dismissal.is_silent or dismissal.is_outside_contract)
        dismissal.action_apply()
        self.assertEqual(groups.mapped("state"), ["done", "dismissed", "dismissed"])
        self.assertEqual(set((groups - done).mapped("note")), {dismissal.note})
        self.assertFalse(done.note)
        with self.assertRaisesRegex(UserError, "closed already"):
            groups.action_ask_dismiss()
        auditor = groups.with_user(self.auditor)
        with self.assertRaises(AccessError):
            auditor.action_ask_dismiss()

    def test_a_source_says_what_waits(self):
        """Its form leads to files, connectors and quarantine, each by its count."""
        self._take_in(self._event(subject="vm-9"), self._event(id="e-2", type="Other"))
        source = self.source
        self.assertEqual(source.quarantine_count, 2)
        self.assertEqual((source.import_count, source.connector_count), (0, 0))
        action = source.with_user(self.billing_user).action_view_quarantine()
        self.assertEqual(
            self.Quarantine.search(action["domain"]),
            self._find("unknown_resource") + self._find("unknown_meter"),
        )
        self.assertTrue(source.events_url.endswith("/iaas/api/v1/events"))

    def test_what_was_solved_comes_back(self):
        self._take_in(self._event(type="Other"))
        group = self._find("unknown_meter")
        group.meter_id = self.meter
        group.action_replay()
        self.meter.active = False
        self._take_in(self._event(id="e-2", type="Other"))
        self.assertEqual(group.state, "open")
        self.assertEqual(group.waiting_count, 1)

    def test_a_mapping_never_hides_a_meter(self):
        other = self._iaas_meter(self.server, "other")
        self.env["iaas.usage.alias"]._map(self.source, "type", "traffic.gib", other)
        self._take_in(self._event())
        event = self.Event.search([("event_id", "=", "e-1")])
        self.assertEqual(event.meter_id, self.meter)

    def test_refused_events_of_a_pull_are_kept_with_their_reason(self):
        taken = self._take_in(
            self._event(id="bad", data={"value": "NaN"}), keep_refused=True
        )
        self.assertEqual(taken.quarantined, 1)
        group = self._find("not_a_number")
        self.assertIn("NaN", group.detail)
        group.action_replay()
        self.assertEqual((group.waiting_count, group.state), (1, "open"))

    def test_odd_texts(self):
        odd = 'a"\\,\n日本\U0001f600'
        self._take_in(self._event(id=odd, subject=odd, data={"value": 1, odd: odd}))
        group = self._find("unknown_resource")
        self.assertEqual(group.name, odd)
        self._take_in(
            self._event(id="a\x00b"), self._event(id="\ud800"), keep_refused=True
        )
        self.assertEqual(self._find("malformed_event").waiting_count, 2)
        group.resource_id = self.resource
        group.action_replay()
        event = self.Event.search([("event_id", "=", odd)])
        self.assertEqual(event.dimensions, {odd: odd})

    def test_nothing_is_lost_whatever_comes(self):
        """Property: any mix of events, in any split, order and repetition, ends up
        stored, known, waiting or refused; and after mapping and replaying, the same
        is stored as if all names had been known from the start."""
        for seed in range(5):
            with self.subTest(seed=seed), self.env.cr.savepoint() as savepoint:
                self._check_nothing_lost(random.Random(seed))
                savepoint.rollback()
            self.env.invalidate_all()

    def _check_nothing_lost(self, rng):
        good = set()
        events = []
        for number in range(60):
            known = rng.choice(["net-1", "vm-1", "vm-2"])
            kind = rng.choice(["traffic.gib", "Traffic"])
            value = rng.choice([1, "2.5", -1, "x"])
            if value in (1, "2.5"):
                good.add(f"p-{number}")
            events.append(
                self._event(
                    id=f"p-{number}", subject=known, type=kind, data={"value": value}
                )
            )
        sent = events + rng.sample(events, 20)
        rng.shuffle(sent)
        while sent:
            part = [sent.pop() for _ in range(min(len(sent), rng.randint(1, 25)))]
            self._take_in(*part)
            if rng.random() < 0.3:
                self._map_all()
        self._map_all()
        self._map_all()
        self.assertEqual(set(self._stored()), good)
        waiting = self.env["iaas.usage.quarantine.event"].search(
            [("source_id", "=", self.source.id), ("state", "=", "waiting")]
        )
        self.assertFalse(set(waiting.mapped("event_id")) & good)

    def _map_all(self):
        for group in self._find("unknown_meter") + self._find("unknown_resource"):
            if group.state == "open":
                if group.reason == "unknown_meter":
                    group.meter_id = self.meter
                else:
                    group.resource_id = self.resource
                group.action_replay()

    # === RIGHTS ===

    def test_who_may_do_what(self):
        self._take_in(self._event(subject="vm-9"))
        group = self._find("unknown_resource")
        for name, value in (
            ("state", "done"),
            ("name", "x"),
            ("reason", "silent"),
            ("replayed_until", 9),
            ("source_id", False),
        ):
            with self.subTest(name=name), self.assertRaises(UserError):
                group.write({name: value})
        with self.assertRaises(AccessError):
            group.event_ids.write({"state": "stored"})
        with self.assertRaises(AccessError):
            group.unlink()
        with self.assertRaisesRegex(UserError, "kept"):
            group.sudo().unlink()
        with self.assertRaisesRegex(UserError, "evidence"):
            group.event_ids.sudo().unlink()
        for role in (
            "iaas_customer.group_iaas_ops_user",
            "iaas_customer.group_iaas_auditor",
        ):
            user = new_test_user(self.env, role.split(".")[1], role)
            self.assertEqual(group.with_user(user).waiting_count, 1)
            for action in ("action_replay", "action_dismiss", "action_reopen"):
                with self.subTest(role=role, action=action):
                    with self.assertRaises(AccessError):
                        getattr(group.with_user(user), action)()
        stranger = new_test_user(self.env, "stranger", "base.group_user")
        collector = new_test_user(
            self.env, "collector", "iaas_billing.group_iaas_usage_collector"
        )
        portal = new_test_user(self.env, "a_portal", "base.group_portal")
        for user in (stranger, collector, portal):
            for model in (
                "iaas.usage.quarantine",
                "iaas.usage.quarantine.event",
                "iaas.usage.alias",
                "iaas.usage.mapping",
                "iaas.usage.connector",
                "iaas.usage.connector.query",
                "iaas.usage.import.line",
            ):
                with self.subTest(user=user.login, model=model):
                    with self.assertRaises(AccessError):
                        self.env[model].with_user(user).search([])

    def test_another_company_sees_and_maps_nothing(self):
        self._take_in(self._event(subject="vm-9"))
        group = self._find("unknown_resource")
        alias = self.env["iaas.usage.alias"]._map(self.source, "type", "x", self.meter)
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = new_test_user(
            self.env,
            "foreign",
            "iaas_billing.group_iaas_billing_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        for record in (group, group.event_ids, alias):
            record = record.with_user(user)
            self.assertFalse(record.search([("id", "in", record.ids)]))
            with self.assertRaises(AccessError):
                record.read(["display_name"])
        foreign = self.source.copy({"code": "foreign", "company_id": company.id})
        with self.assertRaises(UserError):
            self.env["iaas.usage.alias"]._map(foreign, "subject", "vm-9", self.resource)
