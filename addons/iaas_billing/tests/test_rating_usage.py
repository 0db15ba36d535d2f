from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from odoo.addons.iaas_contract.pricing import Price, Tier, rate
from odoo.addons.iaas_contract.pricing.numbers import exact

from ..rating import Charges
from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestRatingUsage(IaasBillingCommon):
    """Usage whose terms change inside a period (R64, R29)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.price = cls.traffic.iaas_price_ids
        cls.resource = cls._iaas_resource(cls.traffic)
        cls._use(
            cls.resource, ("2026-01-05 00:00:00", "8"), ("2026-01-20 00:00:00", "4")
        )

    def _discount(self, percent, **values):
        self.contract.line_ids = [
            Command.create(
                {"product_id": self.traffic.id, "discount": percent, **values}
            )
        ]

    def _bill(self):
        return self._bill_month(2026, 1).line_ids.sorted("segment_start")

    def test_free_units_are_granted_once(self):
        self.price.write({"unit_price": "1", "free_units": "10"})
        self._discount("50", date_start=date(2026, 1, 16))
        free, charged = self._bill()
        self.assertExact(free.amount_exact, "0")
        self.assertExact(charged.list_amount, "2")
        self.assertExact(charged.amount_exact, "1")
        self.assertExact(charged.quantity_before, "8")

    def test_tiers_go_on_where_a_discount_begins(self):
        self.price.write(
            {
                "charge_model": "graduated",
                "tier_ids": [
                    Command.create({"up_to": "10", "unit_price": "2", "flat_fee": "1"}),
                    Command.create({"unit_price": "1", "flat_fee": "5"}),
                ],
            }
        )
        self._discount("10", date_start=date(2026, 1, 16))
        first, second = self._bill()
        self.assertExact(first.amount_exact, "17")
        # 28 for the 12 units of the period, less the 17 of the first 8.
        self.assertExact(second.list_amount, "11")
        self.assertExact(second.amount_exact, "9.9")
        self.assertIn("8 Units before them", second.explanation)

    def test_volume_tier_reached_later_prices_the_units_before(self):
        self.price.write(
            {
                "charge_model": "volume",
                "tier_ids": [
                    Command.create({"up_to": "10", "unit_price": "2"}),
                    Command.create({"unit_price": "1"}),
                ],
            }
        )
        self._discount("50", date_start=date(2026, 1, 16))
        first, second = self._bill()
        self.assertExact(first.amount_exact, "16")
        self.assertExact(second.list_amount, "-4")
        self.assertExact(second.amount_exact, "-2")

    def test_another_price_begins_anew(self):
        self.price.write(
            {"unit_price": "1", "free_units": "3", "date_end": date(2026, 1, 15)}
        )
        self._iaas_price(
            self.traffic, "2", free_units="3", date_start=date(2026, 1, 16)
        )
        first, second = self._bill()
        self.assertEqual((first.amount_exact, second.amount_exact), (5, 2))
        self.assertExact(second.quantity_before, "0")

    def test_one_percentage_is_one_segment(self):
        self._discount("0", date_end=date(2026, 1, 15))
        self.assertExact(self._bill().quantity, "12")

    def test_usage_by_a_meter_and_its_successor(self):
        """A meter is replaced within a period: both count, tiers once."""
        self.price.write({"unit_price": "1", "free_units": "10"})
        self._use(self.resource, ("2026-02-03 00:00:00", "12"))
        self.meter.active = False
        successor = self._iaas_meter(self.traffic, "traffic.v2")
        self._use(self.resource, ("2026-02-20 00:00:00", "12"), meter=successor)
        self.assertEqual(self._bill().meter_id, self.meter)
        lines = self._bill_month(2026, 2).line_ids.sorted("meter_id")
        self.assertEqual(lines.meter_id, self.meter + successor)
        self.assertEqual(lines.mapped("quantity"), [12, 12])
        self.assertEqual(sum(lines.mapped("amount_exact")), 14)

    def test_only_products_in_use_are_looked_at(self):
        """The meter of a product that nobody here uses is left alone."""
        seats = self._iaas_product("Seats", self.eip, "1", iaas_charge_kind="usage")
        meter = self._iaas_meter(seats, "seats")
        statement = self._bill_month(2026, 1)
        resources = statement._get_resources()
        self.assertEqual(statement._get_meters(resources), self.meter)
        self._use(self.resource, ("2026-01-31 23:59:59", "1"), meter=meter)
        self.assertEqual(statement._get_meters(resources), self.meter + meter)

    def test_slices_come_to_the_whole(self):
        """Whatever the slices, their amounts add up to one rating of the period."""
        tiers = [
            Tier(up_to=10, unit_price=3, flat_fee=2, block_size=4, max_blocks=2),
            Tier(unit_price=1, flat_fee=1, block_size=3),
        ]
        for model in ("standard", "package", "graduated", "volume", "block"):
            for limits in ({}, {"min_amount": 60}, {"max_amount": 20}):
                price = Price(
                    model,
                    unit_price=2,
                    package_size=5,
                    package_price=7,
                    free_units=3,
                    tiers=tiers,
                    **limits,
                )
                charges = Charges()
                with exact():
                    total = sum(
                        charges.add(price, Decimal(units), [], 10, units == 5)[2]
                        for units in (2, 9, 0, 5)
                    )
                self.assertEqual(
                    total, rate(price, 16, discount_percent=10), (model, limits)
                )
