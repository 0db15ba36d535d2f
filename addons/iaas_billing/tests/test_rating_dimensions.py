import random
from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.iaas_contract.pricing.numbers import exact

from ..metering import Entry
from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestRatingDimensions(IaasBillingCommon):
    """R52: what a price is for decides what it rates, and each use is rated once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        region = cls.env.ref("iaas_contract.iaas_price_dimension_region")
        family = cls.env.ref("iaas_contract.iaas_price_dimension_instance_family")
        cls.sg1, cls.tk1, cls.c6 = cls.env["iaas.price.dimension.value"].create(
            [
                {"dimension_id": region.id, "code": "sg1", "name": "Singapore 1"},
                {"dimension_id": region.id, "code": "tk1"},
                {"dimension_id": family.id, "code": "c6"},
            ]
        )
        cls.any_price = cls.traffic.iaas_price_ids
        cls.any_price.unit_price = "1"
        cls.resource = cls._iaas_resource(cls.traffic)

    @classmethod
    def _price_for(cls, values, unit_price, product=None, **other):
        return cls._iaas_price(
            product or cls.traffic,
            unit_price,
            dimension_value_ids=[Command.set(values.ids)],
            **other,
        )

    @classmethod
    def _use_in(cls, day, value, resource=None, meter=None, **dimensions):
        """An event of a January day that names its dimensions."""
        cls.event_count += 1
        event = {
            "specversion": "1.0",
            "id": f"event-{cls.event_count}",
            "source": cls.source.code,
            "type": (meter or cls.meter).code,
            "subject": (resource or cls.resource).external_ref,
            "time": f"2026-01-{day:02}T00:00:00Z",
            "data": {"value": str(value), **dimensions},
        }
        ingested = cls.env["iaas.usage.event"]._ingest(
            [Entry(cls.event_count, "", event)], cls.source
        )
        assert not ingested.refusals, ingested.refusals

    def _bill(self):
        """``{(dimension key, first day): line}`` of January."""
        lines = self._bill_month(2026, 1).line_ids
        return {(line.dimension_key, line.segment_start.day): line for line in lines}

    # === USAGE ===

    def test_each_region_at_its_price(self):
        """1 at 3 in sg1, 2 at 5 in tk1, 4 at 1 elsewhere: 3 + 10 + 4 = 17."""
        self._price_for(self.sg1, "3")
        self._price_for(self.tk1, "5")
        self._use_in(3, 1, region="sg1")
        self._use_in(4, 2, region="tk1")
        self._use_in(5, 3, region="os1")
        self._use_in(6, 1)
        lines = self._bill()
        self.assertEqual(set(lines), {("", 1), ("region=sg1", 1), ("region=tk1", 1)})
        self.assertExact(lines["region=sg1", 1].amount_exact, "3")
        self.assertExact(lines["region=tk1", 1].amount_exact, "10")
        self.assertExact(lines["", 1].amount_exact, "4")
        self.assertExact(lines["", 1].quantity, "4")
        statement = lines["", 1].statement_id
        self.assertEqual(statement.amount_untaxed, 17)
        self.assertEqual(lines["region=sg1", 1].dimension_text, "Region: Singapore 1")
        self.assertIn("Region: Singapore 1", lines["region=sg1", 1].explanation)

    def test_the_most_dimensions_hold(self):
        self._price_for(self.sg1, "3")
        self._price_for(self.sg1 + self.c6, "7")
        self._use_in(3, 1, region="sg1", instance_family="c6")
        self._use_in(4, 1, region="sg1", instance_family="m7")
        self._use_in(5, 1, region="tk1", instance_family="c6")
        lines = self._bill()
        self.assertEqual(
            {key: line.amount_exact for (key, _day), line in lines.items()},
            {"instance_family=c6;region=sg1": 7, "region=sg1": 3, "": 1},
        )

    def test_an_own_price_for_all_goes_before_the_list(self):
        """Its free units are granted once, whatever regions the list knows."""
        self._price_for(self.sg1, "3")
        self._iaas_price(
            self.traffic, "2", contract_id=self.contract.id, free_units="5"
        )
        self._use_in(3, 4, region="sg1")
        self._use_in(4, 4)
        [line] = self._bill().values()
        self.assertExact(line.quantity, "8")
        self.assertExact(line.amount_exact, "6")

    def test_what_events_do_not_say_the_resource_does(self):
        self._price_for(self.sg1, "3")
        self._price_for(self.tk1, "5")
        self.resource.dimension_value_ids = self.sg1
        self._use_in(3, 1)
        self._use_in(4, 1, region="sg1")
        self._use_in(5, 1, region="tk1")
        lines = self._bill()
        self.assertExact(lines["region=sg1", 1].quantity, "2")
        self.assertExact(lines["region=tk1", 1].amount_exact, "5")

    def test_tiers_count_what_one_price_rates(self):
        """A region gets a price of its own on the 16th: the price for all goes on
        counting what was used in it before."""
        self.any_price.write(
            {
                "charge_model": "graduated",
                "tier_ids": [
                    Command.create({"up_to": "10", "unit_price": "2"}),
                    Command.create({"unit_price": "1"}),
                ],
            }
        )
        self._price_for(self.sg1, "3", date_start=date(2026, 1, 16))
        self._use_in(3, 6, region="sg1")
        self._use_in(4, 3)
        self._use_in(20, 6, region="sg1")
        self._use_in(21, 3)
        lines = self._bill()
        # 6 + 3 + 3 at the price for all: 10 at 2, 2 at 1.
        self.assertExact(lines["", 1].quantity, "12")
        self.assertExact(lines["", 1].amount_exact, "22")
        self.assertExact(lines["region=sg1", 16].amount_exact, "18")
        self.assertEqual(len(lines), 2)

    def test_a_new_price_of_a_region_follows_its_own(self):
        old = self._price_for(self.sg1, "3")
        old.date_end = date(2026, 1, 15)
        self._price_for(self.sg1, "4", date_start=date(2026, 1, 16))
        self._use_in(3, 1, region="sg1")
        self._use_in(20, 1, region="sg1")
        self._use_in(20, 1)
        lines = self._bill()
        self.assertExact(lines["region=sg1", 1].amount_exact, "3")
        self.assertExact(lines["region=sg1", 16].amount_exact, "4")
        self.assertExact(lines["", 1].amount_exact, "1")

    def test_minimum_where_it_was_used(self):
        self.any_price.min_amount = "10"
        self._price_for(self.sg1, "3", min_amount="20")
        self._use_in(3, 1, region="sg1")
        [line] = self._bill().values()
        self.assertExact(line.amount_exact, "20")

    def test_minimum_without_usage_where_the_resource_is(self):
        self.any_price.min_amount = "10"
        self._price_for(self.sg1, "3", min_amount="20")
        self.resource.dimension_value_ids = self.sg1
        [line] = self._bill().values()
        self.assertEqual((line.dimension_key, line.amount_exact), ("region=sg1", 20))

    def test_without_a_price_for_the_rest(self):
        """What no price is for is a problem, not free of charge."""
        self.any_price.unlink()
        self._price_for(self.sg1, "3")
        self._use_in(3, 1, region="sg1")
        statement = self.env["iaas.statement"].create(
            self.contract._prepare_statement("2026-01-01", "2026-02-01")
        )
        self.assertFalse(statement._rate())
        self._use_in(4, 1, region="tk1")
        [reason] = statement._rate().values()
        self.assertIn("Traffic has no price in USD on Jan 1, 2026 for where", reason)
        self.assertFalse(statement.line_ids)

    def test_odd_values_are_elsewhere(self):
        """What an event says cannot pass for another dimension."""
        self._price_for(self.sg1, "3")
        self._use_in(3, 1, region="sg1;instance_family=c6")
        self._use_in(4, 1, region={"name": "sg1"})
        self._use_in(5, 1, region=None)
        self._use_in(6, 1, Region="sg1")
        [line] = self._bill().values()
        self.assertEqual((line.dimension_key, line.quantity), ("", 4))

    def test_rated_again_is_the_same(self):
        self._price_for(self.sg1, "3")
        self._use_in(3, 1, region="sg1")
        self._use_in(4, 1)
        statement = self.env["iaas.statement"].create(
            self.contract._prepare_statement("2026-01-01", "2026-02-01")
        )
        statement.action_rate()
        lines = statement.line_ids
        self.assertEqual(len(lines), 2)
        statement.action_rate()
        self.assertEqual(statement.line_ids, lines)

    def test_a_level_that_moves_is_billed_once(self):
        """2 units from the 1st in sg1, 3 from the 11th in tk1, a day each way."""
        gauge = self._iaas_product("Gauge", self.eip, "1", iaas_charge_kind="usage")
        self.contract.catalogue_id = False
        meter = self._iaas_meter(gauge, "gauge", "time_weighted")
        self._price_for(self.sg1, "3", gauge)
        self._price_for(self.tk1, "5", gauge)
        disk = self._iaas_resource(gauge)
        self._use_in(1, 2, disk, meter, region="sg1")
        self._use_in(11, 3, disk, meter, region="tk1")
        self._use_in(21, 3, disk, meter, region="sg1")
        lines = {
            line.dimension_key: line.quantity
            for line in self._bill_month(2026, 1).line_ids
            if line.product_id == gauge
        }
        self.assertEqual(
            lines,
            {"region=sg1": (10 * 2 + 11 * 3) * 24, "region=tk1": 10 * 3 * 24},
        )

    def test_peaks_are_those_of_each_region(self):
        peak = self._iaas_product("Peak", self.eip, "1", iaas_charge_kind="usage")
        self.contract.catalogue_id = False
        meter = self._iaas_meter(peak, "peak", "max")
        self._price_for(self.sg1, "3", peak)
        line = self._iaas_resource(peak)
        for day, value, region in ((3, 5, "sg1"), (4, 9, "tk1"), (5, 7, "os1")):
            self._use_in(day, value, line, meter, region=region)
        found = {
            line.dimension_key: line.amount_exact
            for line in self._bill_month(2026, 1).line_ids
            if line.product_id == peak
        }
        self.assertEqual(found, {"region=sg1": 15, "": 9})

    def test_fees_by_event_count_the_events_of_their_region(self):
        self.any_price.write(
            {
                "charge_model": "percentage",
                "rate_percent": "1",
                "fixed_per_event": "0.10",
            }
        )
        self._price_for(
            self.sg1,
            "0",
            charge_model="percentage",
            rate_percent="2",
            fixed_per_event="1",
        )
        self._use_in(3, 100, region="sg1")
        self._use_in(4, 100)
        self._use_in(5, 300, region="tk1")
        lines = self._bill()
        self.assertExact(lines["region=sg1", 1].amount_exact, "3")
        self.assertExact(lines["", 1].amount_exact, "4.2")

    def test_parts_add_up_to_the_whole(self):
        """Whatever prices split the month and its regions: each unit is on one line,
        and at one rate everywhere the lines come to quantity times rate."""
        source = random.Random(52)
        self.any_price.date_end = date(2026, 1, 20)
        self._iaas_price(self.traffic, "1", date_start=date(2026, 1, 21))
        self._price_for(self.sg1, "1", date_start=date(2026, 1, 8))
        self._price_for(self.c6, "1", date_end=date(2026, 1, 25))
        self._price_for(
            self.sg1 + self.c6, "1", date_start=date(2026, 1, 5), date_end="2026-01-28"
        )
        self._price_for(
            self.tk1,
            "1",
            contract_id=self.contract.id,
            date_start=date(2026, 1, 12),
        )
        total = Decimal(0)
        for _event in range(120):
            dimensions = {
                name: value
                for name, values in (
                    ("region", ("sg1", "tk1", "os1", None)),
                    ("instance_family", ("c6", "m7", None)),
                )
                if (value := source.choice(values))
            }
            value = Decimal(source.randrange(1, 10**6)) / 1000
            self._use_in(source.randrange(1, 32), value, **dimensions)
            total += value
        lines = self._bill_month(2026, 1).line_ids
        with exact():
            self.assertEqual(sum(line.quantity for line in lines), total)
            self.assertEqual(sum(line.amount_exact for line in lines), total)
        for line in lines:
            self.assertEqual(line.dimension_key, line.price_id.dimension_key or "")

    # === RECURRING ===

    def test_fee_of_the_region(self):
        self._price_for(self.sg1, "93", self.server)
        self._iaas_resource(self.server)
        there = self._iaas_resource(self.server, dimension_value_ids=self.sg1)
        both = self._iaas_resource(self.server, dimension_value_ids=self.sg1 + self.c6)
        lines = self._bill_month(2026, 1).line_ids.grouped("resource_id")
        self.assertExact(lines[there].amount_exact, "93")
        self.assertExact(lines[both].amount_exact, "93")
        self.assertEqual(lines[there].dimension_key, "region=sg1")
        self.assertEqual(
            sorted(line.amount_exact for line in self.contract.statement_ids.line_ids),
            [80, 93, 93],
        )

    def test_fee_of_a_month_that_changes_price(self):
        """The region's own price from the 11th: the days of the month once each."""
        self._price_for(self.sg1, "31", self.server, date_start=date(2026, 1, 11))
        self.any_price = self.server.iaas_price_ids.filtered(
            lambda price: not price.dimension_value_ids
        )
        self.any_price.unit_price = "62"
        self._iaas_resource(self.server, dimension_value_ids=self.sg1)
        lines = self._bill()
        with exact():
            self.assertLess(abs(lines["", 1].amount_exact - 20), Decimal("1E-50"))
            self.assertLess(
                abs(lines["region=sg1", 11].amount_exact - 21), Decimal("1E-50")
            )

    # === WHAT WAS BILLED STAYS ===

    def test_dimensions_stay_once_billed(self):
        self._use_in(3, 1)
        self._bill_month(2026, 1)
        with self.assertRaisesRegex(UserError, "Dimensions"):
            self.resource.with_user(self.ops_manager).dimension_value_ids = self.sg1
        with self.assertRaisesRegex(UserError, "has billed statement"):
            self.any_price.dimension_value_ids = self.sg1
