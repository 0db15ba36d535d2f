from decimal import Decimal

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..metering import Entry
from .common import IaasBillingCommon


class IaasUsageCommon(IaasBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.resource = cls._iaas_resource(cls.traffic, external_ref="net-1")
        cls.Event = cls.env["iaas.usage.event"]

    @classmethod
    def _event(cls, **changes):
        """A good CloudEvent with some members changed, or left out when ``...``."""
        event = {
            "specversion": "1.0",
            "id": "e-1",
            "source": "collector",
            "type": "traffic.gib",
            "subject": "net-1",
            "time": "2026-06-01T00:00:00Z",
            "data": {"value": "1.5", "region": "tokyo"},
        } | changes
        return {name: value for name, value in event.items() if value is not ...}

    def _stored(self, **criteria):
        """The stored events as ``{event id: exact value}``."""
        domain = [(name, "=", value) for name, value in criteria.items()]
        found = self.Event.search([("source_id", "=", self.source.id), *domain])
        return {event.event_id: event.value for event in found}


@tagged("post_install", "-at_install")
class TestUsageIngest(IaasUsageCommon):
    """Issue 2: never twice, never lost (R46, R64)."""

    def _ingest(self, *events, **kwargs):
        entries = [Entry(index, "", event) for index, event in enumerate(events)]
        return self.Event._ingest(entries, self.source, **kwargs)

    def test_an_event_is_stored_as_it_came(self):
        result = self._ingest(self._event(time="2026-06-01T09:00:00.25+09:00"))
        self.assertEqual(result, (1, 0, []))
        event = self.Event.search([("source_id", "=", self.source.id)])
        self.assertEqual(event.value, Decimal("1.5"))
        self.assertEqual(str(event.time), "2026-06-01 00:00:00.250000")
        self.assertEqual(event.resource_id, self.resource)
        self.assertEqual(event.meter_id, self.meter)
        self.assertEqual(event.contract_id, self.contract)
        self.assertEqual(event.partner_id, self.contract.partner_id)
        self.assertEqual(event.dimensions_text, "region: tokyo")
        self.assertEqual(str(self.source.last_received_at), self.now)

    def test_values_stay_exact(self):
        value = "123456789012345678.123456789012345678"
        self._ingest(self._event(data={"value": value}))
        self.assertEqual(self._stored(), {"e-1": Decimal(value)})

    def test_the_same_batch_twice_changes_nothing(self):
        batch = [self._event(id=f"e-{n}", data={"value": n}) for n in range(5)]
        self.assertEqual(self._ingest(*batch), (5, 0, []))
        before = self._stored()
        self.assertEqual(self._ingest(*batch), (0, 5, []))
        self.assertEqual(self._ingest(*batch, self._event(id="new")), (1, 5, []))
        self.assertEqual(self._stored(), before | {"new": Decimal("1.5")})

    def test_the_same_event_written_otherwise_is_the_same(self):
        self._ingest(self._event())
        again = self._event(
            time="2026-05-31T20:00:00-04:00",
            data={"region": "tokyo", "value": Decimal("1.50")},
        )
        self.assertEqual(self._ingest(again), (0, 1, []))

    def test_an_id_with_another_content_is_refused(self):
        other = self._iaas_resource(self.traffic, external_ref="net-2")
        self._iaas_meter(self.server, "server.hours")
        self._ingest(self._event())
        for change in (
            {"data": {"value": "1.6", "region": "tokyo"}},
            {"data": {"value": "1.5", "region": "osaka"}},
            {"time": "2026-06-01T00:00:01Z"},
            {"time": "2026-07-01T00:00:00Z"},
            {"subject": other.external_ref},
            {"type": "server.hours"},
        ):
            with self.subTest(change=change):
                result = self._ingest(self._event(**change), self._event(id="good"))
                self.assertEqual((result.accepted, result.duplicates), (0, 0))
                (refusal,) = result.refusals
                self.assertEqual(refusal[:3], (0, "e-1", "duplicate_id"))
        self.assertEqual(self._stored(), {"e-1": Decimal("1.5")})

    def test_duplicates_within_a_batch(self):
        changed = self._event(data={"value": 9})
        result = self._ingest(self._event(), self._event(), changed, partial=True)
        self.assertEqual(result[:2], (1, 1))
        self.assertEqual(
            [refusal[:3] for refusal in result.refusals], [(2, "e-1", "duplicate_id")]
        )
        self.assertEqual(self._stored(), {"e-1": Decimal("1.5")})

    def test_a_refused_event_does_not_take_the_id(self):
        lost = self._event(subject="nothing")
        result = self._ingest(lost, self._event(), partial=True)
        self.assertEqual(result.accepted, 1)
        self.assertEqual(result.refusals[0].reason, "unknown_resource")

    def test_two_sources_may_use_the_same_id(self):
        other = self.source.copy({"code": "other"})
        entries = [
            Entry(0, "", self._event()),
            Entry(1, "", self._event(source="other", data={"value": 2})),
        ]
        result = self.Event._ingest(entries, self.source + other)
        self.assertEqual(result, (2, 0, []))

    def test_a_batch_is_all_or_nothing(self):
        result = self._ingest(
            self._event(id="good"),
            self._event(id="bad", data={"value": -1}),
            self._event(id="worse", subject="nothing"),
        )
        self.assertEqual(
            [refusal[:3] for refusal in result.refusals],
            [(1, "bad", "negative_quantity"), (2, "worse", "unknown_resource")],
        )
        self.assertFalse(self._stored())

    def test_partial_takes_the_good_ones(self):
        result = self._ingest(
            self._event(id="bad", type="nothing"), self._event(), partial=True
        )
        self.assertEqual(result.accepted, 1)
        self.assertEqual(result.refusals[0].reason, "unknown_meter")

    def test_sources(self):
        self.source.copy({"code": "other"})
        archived = self.source.copy({"code": "archived"})
        archived.active = False
        result = self._ingest(
            self._event(source="other"),
            self._event(source="archived"),
            self._event(source="nothing"),
        )
        self.assertEqual(
            [refusal.reason for refusal in result.refusals],
            ["source_not_allowed", "unknown_source", "unknown_source"],
        )

    def test_resources_are_those_of_the_company_of_the_source(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self.source.copy({"code": "foreign", "company_id": company.id})
        result = self.Event._ingest(
            [Entry(0, "", self._event(source="foreign"))], foreign
        )
        self.assertEqual(result.refusals[0].reason, "unknown_resource")

    def test_an_archived_meter_takes_nothing(self):
        self.meter.active = False
        (refusal,) = self._ingest(self._event()).refusals
        self.assertEqual(refusal.reason, "unknown_meter")

    def test_an_event_belongs_to_its_time_even_outside_the_life_of_the_resource(self):
        early = self._event(time="2019-02-01T00:00:00Z")
        self.assertEqual(self._ingest(early).accepted, 1)
        self.assertTrue(self.Event._has_table("iaas_usage_event_2019_02"))

    def test_without_time_it_happens_when_it_arrives(self):
        now = self.env.cr.now().replace(microsecond=0)
        self.assertEqual(self._ingest(self._event(time=...), now=now).accepted, 1)
        later = now.replace(year=now.year + 1)
        self.assertEqual(self._ingest(self._event(time=...), now=later), (0, 1, []))
        (refusal,) = self._ingest(self._event(id="other", time=...)).refusals
        self.assertEqual(refusal.reason, "invalid_time")

    def test_odd_texts_survive(self):
        odd = 'a,"b"\n\\N\t\\.é日本'
        event = self._event(id=odd, data={"value": 1, odd: odd})
        self.assertEqual(self._ingest(event).accepted, 1)
        self.assertEqual(self._ingest(event).duplicates, 1)
        stored = self.Event.search([("source_id", "=", self.source.id)])
        self.assertEqual((stored.event_id, stored.dimensions), (odd, {odd: odd}))

    def test_the_database_refuses_the_same_event_twice(self):
        self._ingest(self._event())
        copy = SQL(
            """INSERT INTO iaas_usage_key (key_high, key_low, time, content)
               SELECT key_high, key_low, time + interval '1 month', content + 1
                 FROM iaas_usage_key"""
        )
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self.env.cr.execute(copy)

    def test_partitions_of_the_next_months_exist(self):
        self.Event._cron_create_partitions()
        for month in ("2026_07", "2026_08", "2026_09", "2026_10"):
            self.assertTrue(self.Event._has_table(f"iaas_usage_event_{month}"))
        self.Event._cron_create_partitions()

    def test_a_month_is_indexed_when_it_is_over_and_quiet(self):
        index = "iaas_usage_event_2026_06_resource"
        self._ingest(self._event())
        self.Event._cron_create_partitions()
        self.assertFalse(self.Event._has_table(index))
        self.env.cr.execute(
            "UPDATE iaas_usage_event SET received_at = received_at - interval '2 days'"
        )
        for _again in range(2):
            self.Event._cron_create_partitions()
            self.assertTrue(self.Event._has_table(index))
        self.assertEqual(self._ingest(self._event()).duplicates, 1)
        self.assertEqual(self._ingest(self._event(id="late")).accepted, 1)


@tagged("post_install", "-at_install")
class TestUsageRecords(IaasUsageCommon):
    """What people may see and change."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event._ingest([Entry(0, "", cls._event())], cls.source)
        cls.event = cls.Event.search([("source_id", "=", cls.source.id)])

    def test_events_are_evidence(self):
        for change in (
            lambda: self.event.write({"value": 0}),
            lambda: self.event.unlink(),
            lambda: self.Event.create({"event_id": "made up"}),
        ):
            with self.assertRaisesRegex(UserError, "never changed"):
                change()

    def test_groups_by_customer(self):
        groups = self.Event._read_group(
            [("source_id", "=", self.source.id)],
            ["partner_id", "meter_id", "time:month"],
            ["value:sum"],
        )
        self.assertEqual(len(groups), 1)
        self.assertEqual(groups[0][0], self.contract.partner_id)
        self.assertEqual(groups[0][3], 1.5)

    def test_who_reads_events(self):
        for group in (
            "iaas_billing.group_iaas_billing_user",
            "iaas_customer.group_iaas_ops_user",
            "iaas_customer.group_iaas_auditor",
            "sales_team.group_sale_salesman",
        ):
            user = new_test_user(self.env, group.split(".")[1], group)
            self.assertEqual(self.event.with_user(user).value, Decimal("1.5"))
            with self.assertRaises(AccessError):
                self.event.with_user(user).check_access("write")

    def test_a_collector_and_a_stranger_read_nothing(self):
        for login, group in (
            ("collector", "iaas_billing.group_iaas_usage_collector"),
            ("stranger", "base.group_user"),
            ("portal", "base.group_portal"),
        ):
            user = new_test_user(self.env, login, group)
            for model in (
                "iaas.usage.event",
                "iaas.usage.source",
                "iaas.usage.import",
                "iaas.usage.reject",
                "iaas.meter",
            ):
                with self.subTest(group=group, model=model):
                    with self.assertRaises(AccessError):
                        self.env[model].with_user(user).search([])

    def test_another_company_stays_hidden(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = new_test_user(
            self.env,
            "foreign",
            "iaas_billing.group_iaas_billing_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        usage_import = self.env["iaas.usage.import"].create(
            {"name": "a.csv", "file": b"YQ==", "source_id": self.source.id}
        )
        for record in (self.event, self.source, usage_import):
            self.assertFalse(record.with_user(user).search([("id", "in", record.ids)]))
            with self.assertRaises(AccessError):
                record.with_user(user).read(["display_name"])

    def test_only_managers_set_up_meters_and_sources(self):
        for record in (self.meter, self.source):
            record.with_user(self.billing_manager).write({"name": "Renamed"})
            with self.assertRaises(AccessError):
                record.with_user(self.billing_user).write({"name": "Mine"})

    def test_what_has_usage_stays(self):
        for record in (self.meter, self.source, self.resource):
            with self.assertRaisesRegex(UserError, "usage"):
                record.unlink()
        with self.assertRaisesRegex(UserError, "has usage already"):
            self.meter.aggregation = "max"
        self.meter.write({"name": "Traffic out", "aggregation": "sum"})

    def test_what_has_no_usage_goes(self):
        unused = self._iaas_meter(self.server, "unused")
        unused.aggregation = "max"
        unused.unlink()
        self.source.copy({"code": "unused"}).unlink()
        resource = self._iaas_resource(self.traffic)
        self.assertFalse(resource._filter_used())
        resource.unlink()
        self.assertEqual(self.resource._filter_used(), self.resource)

    def test_a_product_has_one_active_meter(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError):
            self._iaas_meter(self.traffic, "second")

    def test_meter_units(self):
        day, hour = (
            self.env.ref(f"uom.product_uom_{unit}") for unit in ("day", "hour")
        )
        self.server.uom_id = day
        meter = self._iaas_meter(self.server, "server.hours", uom_id=hour.id)
        per_day = Decimal(str(day.factor)) / Decimal(str(hour.factor))
        self.assertEqual(meter._convert(Decimal(12)), Decimal(12) / per_day)
        self.assertEqual(self.meter._convert(Decimal("1.50")), Decimal("1.5"))
        with self.assertRaisesRegex(UserError, "cannot be converted"):
            meter.uom_id = self.env.ref("uom.product_uom_kgm")

    def test_smart_buttons_open_the_usage(self):
        for record in (self.meter, self.source, self.resource):
            action = record.action_view_usage()
            self.assertIn(self.event, self.Event.search(action["domain"]))
