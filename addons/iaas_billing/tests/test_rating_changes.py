from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.iaas_contract.pricing import prorate
from odoo.addons.iaas_contract.pricing.numbers import exact

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestRatingChanges(IaasBillingCommon):
    """What changes inside a month is charged by days, each day once (R64, R30)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.large = cls._iaas_product("Large server", cls.compute, "200")
        # A catalogue that holds it from the start, not from the day of the test.
        cls.contract.catalogue_id = cls.env["iaas.catalogue"].create(
            {
                "name": "Services and large servers",
                "product_ids": [
                    Command.set((cls.catalogue.product_ids + cls.large).ids)
                ],
            }
        )
        cls.server.iaas_change_target_ids = cls.large
        cls.volume = cls._iaas_resource(cls.disk, quantity=100)
        cls.instance = cls._iaas_resource(cls.server)

    def _lines(self, month, resource):
        return (
            self._bill_month(2026, month)
            .line_ids.filtered(lambda line: line.resource_id == resource)
            .sorted("segment_start")
        )

    def _sum(self, lines):
        with exact():
            return sum(line.amount_exact for line in lines)

    def _assert_near(self, value, expected):
        """Equal but for the last of the sixty digits that a division may leave."""
        with exact():
            self.assertLess(abs(value - expected), Decimal("1E-50"))

    def _days(self, lines):
        return [(line.segment_start.day, line.segment_end.day) for line in lines]

    def test_resize_inside_the_month(self):
        self.volume._change("resize", date(2026, 1, 11), quantity=Decimal(300))
        lines = self._lines(1, self.volume)
        self.assertEqual(self._days(lines), [(1, 10), (11, 31)])
        self.assertEqual(lines.mapped("quantity"), [100, 300])
        with exact():
            expected = prorate(5, 10, 31) + 15 - prorate(15, 10, 31)
        self._assert_near(self._sum(lines), expected)

    def test_segments_partition_the_fee(self):
        """Resized there and back at a flat price: the days of either size are
        charged once, and together they are the whole month."""
        self.disk.iaas_price_ids.unlink()
        self._iaas_price(
            self.disk, "0", charge_model="package", package_size=1000, package_price=7
        )
        for day, quantity in ((7, 333), (12, 50), (29, 700)):
            self.volume._change(
                "resize", date(2026, 1, day), quantity=Decimal(quantity)
            )
        lines = self._lines(1, self.volume)
        self.assertEqual(self._days(lines), [(1, 6), (7, 11), (12, 28), (29, 31)])
        self.assertExact(self._sum(lines), "7")

    def test_change_of_product(self):
        self.instance._change("product", date(2026, 4, 16), product=self.large)
        statements = [self._bill_month(2026, month) for month in range(1, 6)]
        amounts = [
            {
                (line.product_id, line.segment_start.day): line.amount_exact
                for line in statement.line_ids
                if line.resource_id == self.instance
            }
            for statement in statements
        ]
        self.assertEqual(amounts[2], {(self.server, 1): 80})
        self.assertEqual(amounts[3], {(self.server, 1): 40, (self.large, 16): 100})
        self.assertEqual(amounts[4], {(self.large, 1): 200})

    def test_on_the_first_of_a_month(self):
        self.instance._change("product", date(2026, 2, 1), product=self.large)
        january, february = (self._lines(month, self.instance) for month in (1, 2))
        self.assertEqual(january.mapped("amount_exact"), [80])
        self.assertEqual(february.mapped("amount_exact"), [200])

    def test_suspended_days_are_free(self):
        self.instance._change("suspend", date(2026, 4, 11))
        self.instance._change("resume", date(2026, 4, 21))
        self._run(date(2026, 4, 30))
        lines = self.contract.statement_ids.line_ids.filtered(
            lambda line: (
                line.resource_id == self.instance and line.segment_start.month == 4
            )
        ).sorted("segment_start")
        self.assertEqual(self._days(lines), [(1, 10), (21, 30)])
        self._assert_near(self._sum(lines), prorate(80, 20, 30))

    def test_with_a_price_change_and_a_stop(self):
        self.disk.iaas_price_ids.date_end = date(2026, 1, 20)
        self._iaas_price(self.disk, "0.1", date_start=date(2026, 1, 21))
        self.volume._change("resize", date(2026, 1, 11), quantity=Decimal(310))
        self.volume._stop(date(2026, 1, 25))
        lines = self._lines(1, self.volume)
        self.assertEqual(self._days(lines), [(1, 10), (11, 20), (21, 25)])
        with exact():
            expected = (
                prorate(5, 10, 31)
                + (prorate(Decimal("15.5"), 20, 31) - prorate(Decimal("15.5"), 10, 31))
                + (prorate(31, 25, 31) - prorate(31, 20, 31))
            )
        self._assert_near(self._sum(lines), expected)

    def test_rated_again_is_the_same(self):
        self.volume._change("resize", date(2026, 6, 11), quantity=Decimal(300))
        statement = self.env["iaas.statement"].create(
            self.contract._prepare_statement("2026-06-01", "2026-07-01")
        )
        statement.action_rate()
        lines = {line: line.amount for line in statement.line_ids}
        statement.action_rate()
        self.assertEqual({line: line.amount for line in statement.line_ids}, lines)

    def test_billed_days_stay(self):
        self._bill_month(2026, 1)
        with self.assertRaisesRegex(UserError, "billed up to 2026-02-01"):
            self.volume._change("resize", date(2026, 1, 31), quantity=Decimal(5))
        self.volume._change("resize", date(2026, 2, 1), quantity=Decimal(5))
