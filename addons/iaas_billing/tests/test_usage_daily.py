from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from ..metering import Entry
from .test_usage_ingest import IaasUsageCommon


@tagged("post_install", "-at_install")
class TestUsageDaily(IaasUsageCommon):
    """Daily sums are those of the events, whatever comes in whatever order (R64)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Daily = cls.env["iaas.usage.daily"]
        cls.contract.timezone = "Asia/Tokyo"

    def _ingest(self, *events):
        entries = [Entry(index, "", event) for index, event in enumerate(events)]
        return self.Event._ingest(entries, self.source, partial=True)

    def _sums(self, resource=None):
        """``{(day, dimensions): (quantity, peak, events)}`` of a resource."""
        found = self.Daily.search(
            [("resource_id", "=", (resource or self.resource).id)]
        )
        return {
            (str(daily.day), daily.dimensions_text): (
                daily.quantity,
                daily.peak,
                daily.event_count,
            )
            for daily in found
        }

    def test_a_day_is_one_of_the_contracts_time_zone(self):
        self._ingest(
            self._event(id="a", time="2026-05-31T14:59:59Z", data={"value": 1}),
            self._event(id="b", time="2026-05-31T15:00:00Z", data={"value": 2}),
            self._event(id="c", time="2026-06-01T14:59:59Z", data={"value": "0.5"}),
        )
        june = (Decimal("2.5"), Decimal(2), 2)
        self.assertEqual(
            self._sums(),
            {("2026-05-31", ""): (1, 1, 1), ("2026-06-01", ""): june},
        )
        self.contract.timezone = "UTC"
        self.assertEqual(
            self._sums(),
            {
                ("2026-05-31", ""): (3, 2, 2),
                ("2026-06-01", ""): (Decimal("0.5"),) * 2 + (1,),
            },
        )

    def test_what_comes_twice_counts_once(self):
        for _twice in range(2):
            self._ingest(self._event(), self._event(), self._event(data={"value": 9}))
        self.assertEqual(
            self._sums(), {("2026-06-01", ""): (Decimal("1.5"), Decimal("1.5"), 1)}
        )

    def test_a_refused_batch_leaves_no_sum(self):
        bad = self._event(id="bad", subject="nothing")
        entries = [Entry(n, "", event) for n, event in enumerate((self._event(), bad))]
        self.Event._ingest(entries, self.source)
        self.assertFalse(self._sums())

    def test_levels_are_not_added_up(self):
        meter = self._iaas_meter(self.server, "level", "time_weighted")
        self._use(self.resource, ("2026-06-01 00:00:00", 5), meter=meter)
        self._use(self.resource, ("2026-06-01 01:00:00", 3), meter=meter)
        daily = self.Daily.search([("meter_id", "=", meter.id)])
        self.assertEqual((daily.quantity, daily.peak, daily.event_count), (0, 5, 2))
        ((total,),) = self.Daily._read_group(
            [("meter_id", "=", meter.id)], [], ["quantity:sum"]
        )
        self.assertFalse(total)

    def test_dimensions_told_apart(self):
        for number, region in enumerate(("tokyo", "osaka", "tokyo", None)):
            data = {"value": number, "flavor": "c6", "region": region}
            self._ingest(self._event(id=str(number), data=data))
        self.assertEqual(len(self._sums()), 1)
        self.meter.daily_dimensions = "region, zone"
        self.assertEqual(self.meter.daily_dimensions, "region,zone")
        day = "2026-06-01"
        expected = {
            (day, "region: tokyo"): (2, 2, 2),
            (day, "region: osaka"): (1, 1, 1),
            (day, "region: None"): (3, 3, 1),
        }
        self.assertEqual(self._sums(), expected)
        self._ingest(self._event(id="more", data={"value": 4}))
        self.assertEqual(self._sums(), expected | {(day, ""): (4, 4, 1)})
        tokyo = self.Daily.search([]).filtered(
            lambda daily: daily.dimensions == {"region": "tokyo"}
        )
        action = tokyo.action_view_events()
        events = self.Event.search(action["domain"])
        self.assertEqual(set(events.mapped("event_id")), {"0", "2"})
        self.meter.daily_dimensions = False
        self.assertEqual(self._sums(), {(day, ""): (10, 4, 5)})

    def test_a_sum_is_traced_to_its_events(self):
        self._ingest(
            self._event(id="a", time="2026-05-31T14:59:59Z"),
            self._event(id="b", time="2026-05-31T15:00:00Z"),
            self._event(id="c", time="2026-06-01T15:00:00Z"),
        )
        daily = self.Daily.search([("day", "=", "2026-06-01")])
        events = self.Event.search(daily.action_view_events()["domain"])
        self.assertEqual(events.mapped("event_id"), ["b"])
        self.assertEqual(sum(events.mapped("value")), daily.quantity)

    def test_a_statement_line_is_traced_to_its_events(self):
        self._use(self.resource, ("2026-01-31 14:59:59", 2), ("2026-01-31 15:00:00", 3))
        line = self._bill_month(2026, 1).line_ids
        for action, values in (
            (line.action_view_usage(), "value"),
            (line.action_view_daily_usage(), "quantity"),
        ):
            found = self.env[action["res_model"]].search(action["domain"])
            self.assertEqual(sum(found.mapped(values)), line.quantity)
            self.assertEqual(line.quantity, 2)

    def test_any_sequence_of_batches(self):
        """Batches, repetitions and changed events of meters of every kind, in two
        time zones around midnights and clock changes: sums are those of the events,
        kept or derived anew."""
        random = Random(46)
        other = self._iaas_resource(self.disk, external_ref="net-2")
        west = self.contract.copy({"timezone": "America/New_York"})
        west.date_start = self.contract.date_start
        third = self._iaas_resource(self.traffic, west, external_ref="net-3")
        meters = [
            self.meter,
            self._iaas_meter(self.server, "calls", "count"),
            self._iaas_meter(self.disk, "level", "latest"),
        ]
        self.meter.daily_dimensions = "region"
        resources = [self.resource, other, third]
        start = datetime(2026, 3, 7, 12)
        sent = []
        for _batch in range(25):
            batch = []
            for _event in range(random.randrange(12)):
                if sent and random.random() < 0.4:
                    event = random.choice(sent)
                    if random.random() < 0.3:
                        event = event | {"data": {"value": random.randrange(9)}}
                else:
                    moment = start + timedelta(minutes=random.randrange(60 * 72))
                    event = self._event(
                        id=f"r-{len(sent)}",
                        type=random.choice(meters).code,
                        subject=random.choice(resources).external_ref,
                        time=f"{moment.isoformat()}Z",
                        data={
                            "value": str(Decimal(random.randrange(10**9)).scaleb(-6)),
                            "region": random.choice(["a", "b", "c"]),
                        },
                    )
                    sent.append(event)
                batch.append(event)
            self._ingest(*batch)
            self.assertFalse(self.Daily._find_differences())
        ((events,),) = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM iaas_usage_event WHERE event_id LIKE 'r-%%'")
        )
        self.assertEqual(events, len(sent))
        query = SQL(
            """SELECT resource_id, meter_id, day, dimensions, quantity::text,
                      peak::text, event_count
                 FROM iaas_usage_daily ORDER BY 1, 2, 3, 4"""
        )
        kept = self.env.execute_query(query)
        self.env.cr.execute("UPDATE iaas_usage_daily SET quantity = 0, peak = 1")
        self.assertTrue(self.Daily._find_differences())
        self.Daily._derive()
        self.assertEqual(self.env.execute_query(query), kept)

    def test_nobody_edits_it(self):
        self._ingest(self._event())
        daily = self.Daily.search([("resource_id", "=", self.resource.id)])
        for change in (
            lambda: daily.write({"quantity": 0}),
            lambda: daily.unlink(),
            lambda: self.Daily.create({"day": date(2026, 1, 1)}),
        ):
            with self.assertRaisesRegex(UserError, "never edited"):
                change()

    def test_who_reads_it(self):
        self._ingest(self._event())
        daily = self.Daily.search([("resource_id", "=", self.resource.id)])
        for group in (
            "iaas_billing.group_iaas_billing_user",
            "iaas_customer.group_iaas_auditor",
        ):
            user = new_test_user(self.env, group.split(".")[1], group)
            self.assertEqual(daily.with_user(user).quantity, Decimal("1.5"))
        for group in ("iaas_billing.group_iaas_usage_collector", "base.group_portal"):
            user = new_test_user(self.env, group.split(".")[1], group)
            with self.assertRaises(AccessError):
                daily.with_user(user).read(["quantity"])
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = new_test_user(
            self.env,
            "foreign",
            "iaas_billing.group_iaas_billing_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        self.assertFalse(self.Daily.with_user(user).search([]))
        with self.assertRaises(AccessError):
            daily.with_user(user).read(["quantity"])
