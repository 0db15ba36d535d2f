from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.tests import tagged

from ..metering import Entry
from .common import IaasBillingCommon


def tiers(*values):
    return [Command.create(tier) for tier in values]


# The examples of billing_rules.md and those of its kind: what the price says, the
# amounts of the month's events, what the month comes to.
CHARGE_MODELS = {
    "standard": ({"unit_price": "2.5"}, ["3", "1"], "10"),
    "package": (
        {"package_size": "10", "package_price": "3", "free_units": "5"},
        ["26"],
        "9",
    ),
    "graduated": (
        {
            "tier_ids": tiers(
                {"up_to": "10", "unit_price": "2", "flat_fee": "1"},
                {"unit_price": "1", "flat_fee": "5"},
            )
        },
        ["7", "5"],
        "28",
    ),
    "volume": (
        {"tier_ids": tiers({"up_to": "10", "unit_price": "2"}, {"unit_price": "1"})},
        ["12"],
        "12",
    ),
    "percentage": (
        {"rate_percent": "1", "fixed_per_event": "0.10"},
        ["100", "150", "250"],
        "5.30",
    ),
    "graduated_percentage": (
        {
            "tier_ids": tiers(
                {"up_to": "1000", "rate_percent": "2"}, {"rate_percent": "1"}
            )
        },
        ["800", "700"],
        "25",
    ),
    "dynamic": ({}, ["4.20", "0.80"], "5"),
    "block": (
        {
            "tier_ids": tiers(
                {"block_size": "10", "max_blocks": 2, "unit_price": "3"},
                {"block_size": "100", "unit_price": "20"},
            )
        },
        ["21"],
        "26",
    ),
}
# Aggregation: the events of January as (time, value) and what they come to.
AGGREGATIONS = {
    "sum": ([("01-03 00:00", "2"), ("01-09 00:00", "3.5")], "5.5"),
    "max": ([("01-03 00:00", "2"), ("01-09 00:00", "3.5")], "3.5"),
    "count": ([("01-03 00:00", "2"), ("01-09 00:00", "3.5")], "2"),
    "count_unique": (
        [("01-03 00:00", "7"), ("01-04 00:00", "7"), ("01-09 00:00", "8")],
        "2",
    ),
    "latest": ([("01-09 00:00", "3.5"), ("01-03 00:00", "2")], "3.5"),
    # 2 for 48 hours of the month, from noon on the 10th to noon on the 12th.
    "time_weighted": ([("01-10 12:00", "2"), ("01-12 12:00", "0")], "96"),
    # Of 20 samples the highest is dropped.
    "percentile_95": (
        [(f"01-05 00:{minute:02}", str(minute)) for minute in range(1, 21)],
        "19",
    ),
    "peak_4th": (
        [(f"01-{day:02} 08:00", str(10 * day)) for day in range(1, 8)]
        + [("01-07 09:00", "5")],
        "40",
    ),
}


@tagged("post_install", "-at_install")
class TestRatingGolden(IaasBillingCommon):
    """Worked examples of every charge model and every aggregation, from the event to
    the invoice (R64)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.open_contract = cls._iaas_contract(
            cls.customer, state="active", date_start=date(2026, 1, 1)
        )

    def _bill_examples(self, events):
        """January of resources that were billed by their events.

        :param events: ``{resource: (meter, [(time, value)])}``
        """
        for resource, (meter, used) in events.items():
            self._use(
                resource,
                *((f"2026-{time}:00", value) for time, value in used),
                meter=meter,
            )
        statement = self._bill_month(2026, 1, self.open_contract)
        self.assertEqual(statement.move_id.state, "posted")
        return statement.line_ids.grouped("resource_id")

    def _example(self, name, aggregation, price):
        product = self._iaas_product(
            name, self.compute, "1", iaas_charge_kind="usage", taxes_id=self.tax.ids
        )
        product.iaas_price_ids.unlink()
        self.env["iaas.price"].create(
            {"product_id": product.id, "date_start": date(2020, 1, 1), **price}
        )
        meter = self._iaas_meter(product, f"golden.{name}", aggregation)
        return self._iaas_resource(product, self.open_contract), meter

    def test_charge_models(self):
        events, expected = {}, {}
        for model, (price, amounts, result) in CHARGE_MODELS.items():
            resource, meter = self._example(
                model, "sum", {"charge_model": model, **price}
            )
            events[resource] = (
                meter,
                [(f"01-{day:02} 10:00", value) for day, value in enumerate(amounts, 2)],
            )
            expected[resource] = result
        self.assertEqual(
            set(CHARGE_MODELS),
            {
                key
                for key, _label in self.env["iaas.price"]
                ._fields["charge_model"]
                .selection
            },
        )
        lines = self._bill_examples(events)
        for resource, result in expected.items():
            with self.subTest(model=resource.product_id.name):
                line = lines[resource]
                self.assertExact(line.amount_exact, result)
                self.assertEqual(line.amount, float(result))
                self.assertIn("Exact amount", line.explanation)
                self.assertEqual(len(line.usage_hash), 64)

    def test_aggregations(self):
        events, expected = {}, {}
        for aggregation, (used, result) in AGGREGATIONS.items():
            resource, meter = self._example(
                aggregation,
                aggregation,
                {"charge_model": "standard", "unit_price": "3"},
            )
            events[resource] = (meter, used)
            expected[resource] = Decimal(result)
        self.assertEqual(
            set(AGGREGATIONS),
            {
                key
                for key, _label in self.env["iaas.meter"]
                ._fields["aggregation"]
                .selection
            },
        )
        lines = self._bill_examples(events)
        for resource, result in expected.items():
            with self.subTest(aggregation=resource.product_id.name):
                self.assertEqual(lines[resource].quantity, result)
                self.assertEqual(lines[resource].amount_exact, 3 * result)


@tagged("post_install", "-at_install")
class TestSameEventsSameStatement(IaasBillingCommon):
    """However the same events are split, ordered and repeated on their way in, the
    statement is the same (issue 4)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Without a catalogue: everything may be rented under it.
        cls.open_contract = cls._iaas_contract(
            cls.customer, state="active", date_start=date(2026, 1, 1)
        )
        cls.resource = cls._iaas_resource(cls.traffic, cls.open_contract)
        gauge = cls._iaas_meter(cls.database, "level", "time_weighted")
        cls.level = cls._iaas_resource(cls.database, cls.open_contract)
        cls.events = [
            {
                "specversion": "1.0",
                "id": f"same-{number}",
                "source": cls.source.code,
                "type": (cls.meter if number % 2 else gauge).code,
                "subject": (cls.resource if number % 2 else cls.level).external_ref,
                "time": f"2026-01-{number + 1:02}T{number:02}:30:00Z",
                "data": {"value": f"{number * 7 % 5}.{number}"},
            }
            for number in range(12)
        ]

    def _state(self, batches):
        savepoint = self.env.cr.savepoint()
        try:
            for batch in batches:
                entries = [
                    Entry(position, "", self.events[number])
                    for position, number in enumerate(batch)
                ]
                taken = self.env["iaas.usage.event"]._ingest(entries, self.source)
                self.assertFalse(taken.refusals)
            statement = self._bill_month(2026, 1, self.open_contract)
            return [
                (
                    line.product_id.id,
                    line.quantity,
                    line.amount_exact,
                    line.amount,
                    line.usage_hash,
                )
                for line in statement.line_ids.sorted("product_id")
            ], statement.usage_hash
        finally:
            savepoint.rollback()
            savepoint.close(rollback=False)
            self.env.invalidate_all()

    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.permutations(range(12)), st.data())
    def test_split_order_and_repetition(self, order, data):
        if not hasattr(type(self), "expected"):
            type(self).expected = self._state([range(12)])
        size = data.draw(st.integers(1, 12))
        batches = [order[start : start + size] for start in range(0, 12, size)]
        batches += data.draw(
            st.lists(st.lists(st.integers(0, 11), max_size=6, unique=True), max_size=3)
        )
        self.assertEqual(self._state(batches), self.expected)
