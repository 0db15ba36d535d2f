from datetime import date
from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.iaas_contract.pricing import prorate, rate, round_half_up
from odoo.addons.iaas_contract.pricing.numbers import exact

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestRating(IaasBillingCommon):
    """What a statement says a period costs (R64, R29)."""

    def _lines(self, statement, product):
        return statement.line_ids.filtered(
            lambda line: line.product_id == product
        ).sorted("segment_start")

    def test_recurring_fee_follows_the_length_of_the_month(self):
        self._iaas_resource(
            self.server, date_start=date(2026, 1, 31), date_end=date(2026, 4, 15)
        )
        self._run(date(2026, 5, 31))
        amounts = {
            line.segment_start: (line.days, line.days_in_month, line.amount_exact)
            for line in self.contract.statement_ids.line_ids
        }
        # The fee up to the month's end less the fee up to the day before.
        with exact():
            last_day = prorate(80, 31, 31) - prorate(80, 30, 31)
        self.assertEqual(
            amounts,
            {
                date(2026, 1, 31): (1, 31, last_day),
                date(2026, 2, 1): (28, 28, Decimal(80)),
                date(2026, 3, 1): (31, 31, Decimal(80)),
                date(2026, 4, 1): (15, 30, Decimal(40)),
            },
        )

    def test_segments_of_a_month_add_up_to_the_full_fee(self):
        """A discount that begins inside the month splits the fee without loss."""
        self.contract.line_ids = [
            (0, 0, {"product_id": self.server.id, "discount": "10"}),
        ]
        self.contract.line_ids.date_end = date(2026, 1, 10)
        self._iaas_resource(self.server)
        lines = self._lines(self._bill_month(2026, 1), self.server)
        self.assertEqual(lines.mapped("days"), [10, 21])
        with exact():
            total = sum(line.list_amount for line in lines)
        self.assertExact(total, "80")

    def test_discounts_of_the_same_percentage_are_one(self):
        """A line of 0 % changes nothing, so it splits nothing."""
        self.contract.line_ids = [
            (0, 0, {"product_id": self.server.id, "discount": "0"}),
        ]
        self.contract.line_ids.date_end = date(2026, 1, 10)
        self._iaas_resource(self.server)
        line = self._lines(self._bill_month(2026, 1), self.server)
        self.assertEqual((line.days, line.amount_exact), (31, 80))

    def test_last_day_of_the_calendar_is_an_open_end(self):
        self.server.iaas_price_ids.date_end = date.max
        self.traffic.iaas_price_ids.date_end = date.max
        self.contract.line_ids = [
            (0, 0, {"product_id": self.server.id, "discount": "10"}),
        ]
        self.contract.line_ids.date_end = date.max
        self.contract.date_end = date.max
        resources = self._iaas_resource(self.server)
        resources += self._iaas_resource(self.traffic)
        resources.date_end = date.max
        self.meter.aggregation = "time_weighted"
        statement = self._bill_month(2026, 1)
        self.assertExact(self._lines(statement, self.server).amount_exact, "72")
        self.assertEqual(self.contract.next_billing_date, date(2026, 3, 1))

    def test_archived_resource_is_billed_and_a_void_one_not(self):
        resource = self._iaas_resource(self.server)
        resource.active = False
        self._iaas_resource(self.server)._void()
        line = self._bill_month(2026, 1).line_ids
        self.assertEqual(line.resource_id, resource)
        self.assertExact(line.amount_exact, "80")

    def test_price_change_inside_the_period(self):
        """Fees and additive usage are split on the day of the change (R64)."""
        server, traffic = (
            self._iaas_resource(product) for product in (self.server, self.traffic)
        )
        for product, price in ((self.server, "100"), (self.traffic, "0.1")):
            product.iaas_price_ids.date_end = date(2026, 1, 15)
            self._iaas_price(product, price, date_start=date(2026, 1, 16))
        self._use(
            traffic,
            ("2026-01-15 23:59:59", "10"),
            ("2026-01-16 00:00:00", "20"),
            ("2026-01-31 23:59:59", "1.5"),
            ("2026-02-01 00:00:00", "1000"),
        )
        statement = self._bill_month(2026, 1)
        self.assertEqual(
            self._amounts(statement),
            {
                (self.server, date(2026, 1, 1)): prorate(80, 15, 31),
                (self.server, date(2026, 1, 16)): statement.line_ids.filtered(
                    lambda line: (
                        line.resource_id == server
                        and line.segment_start == date(2026, 1, 16)
                    )
                ).amount_exact,
                (self.traffic, date(2026, 1, 1)): Decimal("0.85"),
                (self.traffic, date(2026, 1, 16)): Decimal("2.15"),
            },
        )
        new = self._lines(statement, self.server)[1]
        self.assertAlmostEqual(new.amount_exact, prorate(100, 16, 31), places=50)
        self.assertEqual((new.days, new.segment_end), (16, date(2026, 1, 31)))

    def test_meter_that_cannot_be_split_takes_the_last_price(self):
        peak = self._iaas_product(
            "Bandwidth", self.eip, "10", iaas_charge_kind="usage", taxes_id=self.tax.ids
        )
        peak.iaas_price_ids.date_end = date(2026, 1, 15)
        self._iaas_price(peak, "20", date_start=date(2026, 1, 16))
        meter = self._iaas_meter(peak, "bandwidth.peak", "max")
        resource = self._iaas_resource(self.server)
        self._use(
            resource,
            ("2026-01-02 00:00:00", "7"),
            ("2026-01-20 00:00:00", "5"),
            meter=meter,
        )
        line = self._lines(self._bill_month(2026, 1), peak)
        self.assertExact(line.amount_exact, "140")
        self.assertEqual(
            (line.segment_start, line.segment_end),
            (date(2026, 1, 1), date(2026, 1, 31)),
        )
        self.assertIn("end of the period", line.explanation)

    def test_level_carries_over_and_ends_with_its_resource(self):
        storage = self._iaas_product(
            "Snapshots", self.eip, "1", iaas_charge_kind="usage"
        )
        meter = self._iaas_meter(storage, "snapshot.gib", "time_weighted")
        resource = self._iaas_resource(self.server, date_end=date(2026, 2, 1))
        self._use(resource, ("2026-01-31 12:00:00", "2"), meter=meter)
        january = self._bill_month(2026, 1)
        self.assertExact(self._lines(january, storage).quantity, "24")
        february = self._bill_month(2026, 2)
        self.assertExact(self._lines(february, storage).quantity, "48")
        march = self._bill_month(2026, 3)
        self.assertFalse(self._lines(march, storage))

    def test_latest_level_does_not_outlive_its_resource(self):
        seats = self._iaas_product("Seats", self.eip, "1", iaas_charge_kind="usage")
        meter = self._iaas_meter(seats, "seats", "latest")
        resource = self._iaas_resource(self.traffic, date_end=date(2026, 2, 10))
        self._use(resource, ("2026-01-31 12:00:00", "5"), meter=meter)
        self._run(date(2026, 4, 30))
        quantities = {
            line.segment_start.month: line.quantity
            for line in self.contract.statement_ids.line_ids
        }
        self.assertEqual(quantities, {1: 5, 2: 5})

    def test_distinct_values_and_events_are_counted(self):
        for aggregation in ("count", "latest"):
            product = self._iaas_product(
                aggregation, self.eip, "1", iaas_charge_kind="usage"
            )
            meter = self._iaas_meter(product, aggregation, aggregation)
            resource = self._iaas_resource(self.server)
            self._use(
                resource,
                ("2026-01-01 00:00:00", "9"),
                ("2026-01-02 00:00:00", "9"),
                ("2026-01-03 00:00:00", "4"),
                meter=meter,
            )
        statement = self._bill_month(2026, 1)
        quantities = {line.meter_id.code: line.quantity for line in statement.line_ids}
        self.assertExact(quantities["count"], "3")
        self.assertExact(quantities["latest"], "4")

    def test_nearest_discount_line_is_used_and_kept(self):
        self.contract.line_ids = [
            (0, 0, {"categ_id": self.categ_cloud.parent_id.id, "discount": "10"}),
            (0, 0, {"product_id": self.server.id, "discount": "12.5"}),
        ]
        self._iaas_resource(self.server)
        resource = self._iaas_resource(self.traffic)
        self._use(resource, ("2026-01-15 10:00:00", "100"))
        statement = self._bill_month(2026, 1)
        server, traffic = (
            self._lines(statement, product) for product in (self.server, self.traffic)
        )
        self.assertExact(server.amount_exact, "70")
        self.assertExact(server.list_amount, "80")
        self.assertExact(server.discount_percent, "12.5")
        self.assertEqual(server.contract_line_id.product_id, self.server)
        self.assertExact(traffic.amount_exact, "7.65")
        self.assertEqual(traffic.contract_line_id.categ_id, self.categ_cloud.parent_id)
        self.assertIn("12.5 %", server.explanation)

    def test_contract_price_goes_before_list_price(self):
        self._iaas_price(self.server, "60", contract_id=self.contract.id)
        self._iaas_resource(self.server)
        self.assertExact(self._bill_month(2026, 1).line_ids.amount_exact, "60")

    def test_graduated_price(self):
        self.traffic.iaas_price_ids.write(
            {
                "charge_model": "graduated",
                "tier_ids": [
                    (0, 0, {"up_to": "10", "unit_price": "2", "flat_fee": "1"}),
                    (0, 0, {"unit_price": "1", "flat_fee": "5"}),
                ],
            }
        )
        resource = self._iaas_resource(self.traffic)
        self._use(resource, ("2026-01-05 00:00:00", "5"), ("2026-01-20 00:00:00", "7"))
        line = self._bill_month(2026, 1).line_ids
        self.assertExact(line.amount_exact, "28")
        self.assertIn("in tier 1: 21.00 USD", line.explanation)
        self.assertIn("in tier 2: 7.00 USD", line.explanation)

    def test_percentage_price_sees_each_event(self):
        self.traffic.iaas_price_ids.write(
            {
                "charge_model": "percentage",
                "rate_percent": "1",
                "fixed_per_event": "0.10",
            }
        )
        resource = self._iaas_resource(self.traffic)
        self._use(
            resource,
            *(
                (f"2026-01-0{day} 00:00:00", value)
                for day, value in ((1, "100"), (2, "150"), (3, "250"))
            ),
        )
        self.assertExact(self._bill_month(2026, 1).line_ids.amount_exact, "5.30")

    def test_minimum_is_due_without_usage_and_once_per_period(self):
        price = self.traffic.iaas_price_ids
        price.write({"min_amount": "5", "date_end": date(2026, 1, 15)})
        self._iaas_price(
            self.traffic, "0.085", min_amount="5", date_start=date(2026, 1, 16)
        )
        self._iaas_resource(self.traffic)
        used = self._iaas_resource(self.traffic)
        self._use(used, ("2026-01-05 00:00:00", "40"))
        statement = self._bill_month(2026, 1)
        per_resource = {
            resource: [line.amount_exact for line in lines.sorted("segment_start")]
            for resource, lines in statement.line_ids.grouped("resource_id").items()
        }
        self.assertEqual(per_resource.pop(used), [Decimal("3.4"), Decimal("1.6")])
        self.assertEqual(list(per_resource.values()), [[Decimal(5)]])

    def test_one_time_fee_is_charged_once(self):
        self._iaas_resource(self.setup_fee, date_start=date(2026, 2, 10))
        self._run(date(2026, 4, 30))
        line = self.contract.statement_ids.line_ids
        self.assertExact(line.amount_exact, "500")
        self.assertEqual(line.statement_id.date_from, date(2026, 2, 1))

    def test_quarterly_contract_has_a_line_per_month(self):
        self.contract.cycle = "quarter"
        self._iaas_resource(self.server, quantity="3", date_start=date(2026, 2, 15))
        self._run(date(2026, 3, 31))
        statement = self.contract.statement_ids
        self.assertEqual(
            (statement.date_from, statement.date_to),
            (date(2026, 1, 1), date(2026, 3, 31)),
        )
        february, march = self._lines(statement, self.server)
        self.assertExact(february.amount_exact, "120")
        self.assertExact(march.amount_exact, "240")

    def test_anniversary_periods_are_clamped_and_return(self):
        self.contract.write({"date_start": date(2026, 1, 31), "anchor_day": 31})
        self._iaas_resource(self.server, date_start=date(2026, 1, 31))
        self._run(date(2026, 4, 29))
        self.assertEqual(
            sorted(self.contract.statement_ids.mapped("date_from")),
            [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)],
        )
        amounts = self.contract.statement_ids.line_ids.mapped("amount_exact")
        self.assertEqual(set(amounts), {Decimal(80)})

    def test_periods_follow_the_zone_of_the_contract(self):
        """The hour that the clocks skip or repeat belongs to its civil day (R64)."""
        self.contract.timezone = "Europe/Berlin"
        resource = self._iaas_resource(self.traffic)
        self._use(
            resource,
            ("2026-02-28 22:59:59", "1"),
            ("2026-02-28 23:00:00", "10"),
            ("2026-03-31 21:59:59", "100"),
            ("2026-03-31 22:00:00", "1000"),
        )
        self._run(date(2026, 4, 30))
        quantities = {
            statement.date_from.month: sum(statement.line_ids.mapped("quantity"))
            for statement in self.contract.statement_ids
        }
        self.assertEqual(quantities, {1: 0, 2: 1, 3: 110, 4: 1000})
        march = self.contract.statement_ids.filtered(
            lambda statement: statement.date_from.month == 3
        )
        self.assertEqual(march.period_start, self._utc("2026-02-28 23:00:00"))
        self.assertEqual(march.period_end, self._utc("2026-03-31 22:00:00"))

    def test_lines_add_up_to_their_invoice_line(self):
        """Three thirds of a cent are not lost: rounding once per invoice line."""
        self.server.iaas_price_ids.unit_price = "0.333"
        for _number in range(3):
            self._iaas_resource(self.server)
        statement = self._bill_month(2026, 1)
        self.assertEqual(
            sorted(statement.line_ids.mapped("amount")), [0.33, 0.33, 0.34]
        )
        self.assertEqual(statement.move_id.invoice_line_ids.price_subtotal, 1.0)
        self.assertEqual(statement.amount_untaxed, 1.0)

    def test_exact_amount_survives_the_database(self):
        self.server.iaas_price_ids.unit_price = "0.1234567890123456789"
        resource = self._iaas_resource(self.server, quantity="3.7")
        line = self._bill_month(2026, 1).line_ids
        line.invalidate_recordset()
        expected = rate(self.server.iaas_price_ids._to_pricing(), resource.quantity)
        self.assertEqual(line.amount_exact, expected)
        self.assertEqual(Decimal(str(line.amount)), round_half_up(expected, 2))

    def test_usage_after_a_resource_was_voided_is_billed(self):
        resource = self._iaas_resource(self.traffic)
        self._use(resource, ("2026-01-05 00:00:00", "100"))
        resource._void()
        self.assertExact(self._bill_month(2026, 1).line_ids.amount_exact, "8.5")

    def test_hash_tells_the_events_that_were_counted(self):
        resource = self._iaas_resource(self.traffic)
        self._run(date(2026, 1, 31))
        empty = self.contract.statement_ids.usage_hash
        self._use(resource, ("2026-02-05 00:00:00", "1"))
        february = self._bill_month(2026, 2)
        self.assertNotEqual(february.usage_hash, empty)
        draft = february.copy(
            {
                "period_start": self._utc("2027-02-01 00:00:00"),
                "period_end": self._utc("2027-03-01 00:00:00"),
            }
        )
        draft._rate()
        self.assertEqual(draft.usage_hash, empty)
