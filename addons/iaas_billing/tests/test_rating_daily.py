from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from odoo.addons.iaas_contract.pricing import day_start

from ..metering import Entry
from ..rating import Usage, usage
from .common import IaasBillingCommon

_ZONES = ("Asia/Tokyo", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")
# Clocks change in it in Berlin and in New York.
_FIRST, _AFTER = date(2026, 3, 5), date(2026, 4, 5)


@tagged("post_install", "-at_install")
class TestRatingDaily(IaasBillingCommon):
    """Daily sums and events rate the same, and count the same events (R64)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        region = cls.env.ref("iaas_contract.iaas_price_dimension_region")
        cls.tk1 = cls.env["iaas.price.dimension.value"].create(
            {"dimension_id": region.id, "code": "tk1", "name": "Tokyo 1"}
        )
        cls.meters = cls.meter + cls._iaas_meter(cls.server, "calls", "count")
        cls.meters += cls._iaas_meter(cls.disk, "peak", "max")
        cls.resources = cls._iaas_resource(cls.traffic, external_ref="net-1")
        cls.resources += cls._iaas_resource(cls.traffic, external_ref="net-2")
        for product, price in ((cls.server, "0.01"), (cls.disk, "2")):
            if not product.iaas_price_ids:
                cls._iaas_price(product, price)

    def _draft(self, zone):
        """A draft statement of the days, which are whole in the zone."""
        self.contract.timezone = zone
        start, end = (
            day_start(day, zone).replace(tzinfo=None) for day in (_FIRST, _AFTER)
        )
        return self.env["iaas.statement"].create(
            self.contract._prepare_statement(start, end)
        )

    def _use_at_random(self, source, events):
        entries = []
        for number in range(events):
            moment = datetime(2026, 3, 3) + timedelta(
                seconds=source.randrange(35 * 24 * 3600)
            )
            if source.random() < 0.3:
                # Around midnights of some zone.
                moment = moment.replace(minute=source.choice([0, 15]), second=0)
            self.__class__.event_count += 1
            data = {"value": str(Decimal(source.randrange(10**9)).scaleb(-6))}
            if region := source.choice(("tk1", "os1", None)):
                data["region"] = region
            event = {
                "specversion": "1.0",
                "id": f"daily-{self.event_count}",
                "source": self.source.code,
                "type": source.choice(self.meters).code,
                "subject": source.choice(self.resources).external_ref,
                "time": f"{moment.isoformat()}Z",
                "data": data,
            }
            entries.append(Entry(number, "", event))
        result = self.env["iaas.usage.event"]._ingest(entries, self.source)
        self.assertFalse(result.refusals)

    def _rated(self, statement):
        statement._rate()
        lines = {
            (
                line.resource_id,
                line.product_id,
                line.dimension_key,
                line.segment_start,
                line.segment_end,
                str(line.quantity),
                str(line.amount_exact),
            )
            for line in statement.line_ids
        }
        return lines, statement.usage_hash

    def _rated_by_events(self, statement):
        with patch.object(Usage, "_get_days", return_value=(None, None)):
            return self._rated(statement)

    def test_both_ways_are_one(self):
        source = Random(64)
        price = self.traffic.iaas_price_ids
        price.date_end = date(2026, 3, 17)
        self._iaas_price(self.traffic, "3", date_start=date(2026, 3, 18))
        for number, zone in enumerate(_ZONES):
            if number == 2:
                self._iaas_price(
                    self.traffic,
                    "7",
                    dimension_value_ids=[Command.set(self.tk1.ids)],
                    date_start=date(2026, 3, 11),
                )
            self.meter.daily_dimensions = "region" if number % 2 == 0 else False
            statement = self._draft(zone)
            seen = set()
            for _batch in range(3):
                self._use_at_random(source, 40)
                with self.subTest(zone=zone):
                    rated = self._rated(statement)
                    self.assertTrue(rated[0])
                    self.assertEqual(self._rated_by_events(statement), rated)
                    self.assertNotIn(rated[1], seen)
                    seen.add(rated[1])
            statement.unlink()

    def test_events_are_read_only_where_they_must_be(self):
        self._use_at_random(Random(1), 30)
        statement = self._draft("Asia/Tokyo")
        with patch.object(usage, "event_sums") as read:
            statement._rate()
            self.assertFalse(read.called)
        # A price by region needs what the daily sums don't tell apart.
        self._iaas_price(
            self.traffic, "7", dimension_value_ids=[Command.set(self.tk1.ids)]
        )
        rated = self._rated(statement)
        self.assertIn("region=tk1", {line[2] for line in rated[0]})
        self.meter.daily_dimensions = "region,zone"
        with patch.object(usage, "event_sums") as read:
            self.assertEqual(self._rated(statement), rated)
            self.assertFalse(read.called)

    def test_a_statement_of_another_zone_reads_events(self):
        """The contract moved to another zone since: its days are other ones now."""
        self._use_at_random(Random(2), 60)
        statement = self._draft("Asia/Tokyo")
        rated = self._rated(statement)
        self.contract.timezone = "America/New_York"
        self.assertEqual(self._rated(statement), rated)
        self.assertEqual(self._rated_by_events(statement), rated)

    def test_the_hash_does_not_depend_on_prices(self):
        self._use_at_random(Random(3), 30)
        statement = self._draft("Asia/Tokyo")
        usage_hash = self._rated(statement)[1]
        self.traffic.iaas_price_ids.date_end = date(2026, 3, 20)
        self._iaas_price(self.traffic, "3", date_start=date(2026, 3, 21))
        self.assertEqual(self._rated(statement)[1], usage_hash)
