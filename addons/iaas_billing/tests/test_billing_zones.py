from datetime import date
from decimal import Decimal

from odoo.tests import tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestBillingZones(IaasBillingCommon):
    """Month ends and clock changes where the customer is (billing_rules.md: an event
    belongs to the period that holds its own time stamp)."""

    # zone: last instant of February and first of March 2026 in UTC
    EDGES = {
        "UTC": ("2026-02-28 23:59:59.999999", "2026-03-01 00:00:00"),
        "Asia/Singapore": ("2026-02-28 15:59:59.999999", "2026-02-28 16:00:00"),
        "Asia/Kathmandu": ("2026-02-28 18:14:59.999999", "2026-02-28 18:15:00"),
        "America/New_York": ("2026-03-01 04:59:59.999999", "2026-03-01 05:00:00"),
        "Pacific/Kiritimati": ("2026-02-28 09:59:59.999999", "2026-02-28 10:00:00"),
        "Pacific/Pago_Pago": ("2026-03-01 10:59:59.999999", "2026-03-01 11:00:00"),
    }
    # zone: hours of its month of the spring clock change
    CHANGES = {
        "Europe/Berlin": 743,
        "America/New_York": 743,
        "Australia/Lord_Howe": 744,
        "UTC": 744,
    }

    def _zone_contract(self, zone):
        contract = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 1, 1), timezone=zone
        )
        return contract, self._iaas_resource(self.traffic, contract)

    def test_month_end_in_several_zones(self):
        rented = {zone: self._zone_contract(zone) for zone in self.EDGES}
        for zone, (last, first) in self.EDGES.items():
            self._use(rented[zone][1], (last, "1"), (first, "10"))
        contracts = self.contract.union(*(one for one, _resource in rented.values()))
        self._run(date(2026, 3, 31), contracts)
        for zone, (contract, _resource) in rented.items():
            with self.subTest(zone=zone):
                quantities = {
                    statement.date_from.month: sum(
                        statement.line_ids.mapped("quantity")
                    )
                    for statement in contract.statement_ids
                }
                self.assertEqual(quantities, {1: 0, 2: 1, 3: 10})

    def test_clocks_change_inside_the_month(self):
        """A gauge at one over March: as many hours as the month really has; a fee is
        the same whatever the clocks do."""
        meter = self._iaas_meter(self.database, "level", "time_weighted")
        self._iaas_price(
            self.database, "1", date_start=date(2019, 1, 1), date_end=date(2019, 1, 2)
        )
        rented = {}
        for zone in self.CHANGES:
            contract, _resource = self._zone_contract(zone)
            self._iaas_resource(self.server, contract)
            gauge = self._iaas_resource(self.database, contract)
            self._use(gauge, ("2025-12-31 00:00:00", "1"), meter=meter)
            rented[zone] = contract
        self._run(date(2026, 3, 31), self.contract.union(*rented.values()))
        for zone, hours in self.CHANGES.items():
            with self.subTest(zone=zone):
                march = rented[zone].statement_ids.sorted("date_from")[-1]
                by_product = march.line_ids.grouped("product_id")
                gauge = by_product[self.database].filtered("meter_id")
                self.assertEqual(gauge.quantity, self._level(meter, hours))
                self.assertEqual(by_product[self.server].amount_exact, Decimal(80))

    def _level(self, meter, hours):
        """Hours in the product's unit."""
        return meter._convert(Decimal(hours))
