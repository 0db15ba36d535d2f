from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from random import Random

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestAdvanceProperty(IaasBillingCommon):
    """R92: whatever happens in a period, advance and statement together bill what the
    statement alone bills a customer who pays afterwards."""

    TRIALS = 12

    def _twins(self, random):
        """Two contracts of the same terms but for the billing timing, with the same
        resources."""
        anchor = random.choice([0, 0, 5, 10])
        zone = random.choice(["UTC", "Asia/Tokyo", "America/New_York"])
        cycle = random.choice(["month", "month", "quarter"])
        lines = [
            {
                "categ_id": self.disk.categ_id.id,
                "discount": "12.5",
                "min_spend": random.choice(["0", "150"]),
            }
        ]
        terms = {
            "state": "active",
            "date_start": date(2026, 6, random.choice([1, 17])),
            "anchor_day": anchor,
            "timezone": zone,
            "cycle": cycle,
        }
        timing = random.choice(
            [
                {"billing_timing": "before"},
                {"billing_timing": "share", "advance_percent": "33.3333333"},
                {"billing_timing": "share", "advance_percent": "50"},
            ]
        )
        own = {}
        if random.random() < 0.4:
            lines.append({"product_id": self.server.id, "discount": "3.33"})
            own = {"billing_timing": random.choice(["after", "before"])}
        after, before = (
            self._iaas_contract(
                self.customer,
                line_ids=[
                    Command.create(
                        line | (own if "product_id" in line and mine else {})
                    )
                    for line in lines
                ],
                **terms,
                **mine,
            )
            for mine in ({}, timing)
        )
        return after, before

    def _rent(self, twins, random, first):
        product, quantity = random.choice(
            [(self.server, 1), (self.server, 3), (self.disk, 777), (self.setup_fee, 1)]
        )
        return [
            self._iaas_resource(product, contract, quantity=quantity, date_start=first)
            for contract in twins
        ]

    def _happen(self, twins, rented, random):
        """One change in July, the same for both."""
        day = date(2026, 7, random.randint(11, 30))
        event = random.choice(
            ["stop", "rent", "resize", "price", "discount", "void", "suspend", "use"]
        )
        if event in self.happened and event in ("price", "discount"):
            event = "rent"
        self.happened.append(event)
        pairs = [
            pair
            for pair in rented
            if all(
                resource.product_id.iaas_charge_kind == "recurring"
                and resource.state in ("running", "planned")
                and (event != "resize" or resource.product_id == self.disk)
                and not resource.segment_ids
                and resource.date_start < day
                and not resource.date_end
                for resource in pair
            )
        ]
        pair = random.choice(pairs) if pairs else None
        if event == "rent" or not pair:
            rented.append(self._rent(twins, random, day))
        elif event == "stop":
            for resource in pair:
                resource._stop(day)
        elif event in ("resize", "suspend"):
            values = {"quantity": random.randint(4, 9)} if event == "resize" else {}
            for resource in pair:
                resource._change(event, day, **values)
        elif event == "price":
            amount = random.choice(["33.33", "91"])
            for contract in twins:
                self._iaas_price(
                    self.server, amount, contract_id=contract.id, date_start=day
                )
        elif event == "discount":
            for contract in twins:
                contract.line_ids = [
                    Command.create(
                        {
                            "categ_id": self.categ_compute.id,
                            "discount": "7.77",
                            "date_start": day,
                        }
                    )
                ]
        elif event == "void":
            advances = twins[1].statement_ids.filtered(
                lambda s: s.kind == "advance" and s.state == "posted"
            )
            if advances:
                advances.with_user(self.billing_manager)._void("Once more")
            if random.random() < 0.5:
                self._run(date(2026, 7, 9), twins[1])
        elif event == "use":
            used = random.randint(1, 9999)
            for metered in self.metered:
                self._use(metered, ("2026-07-15 12:00:00", used))

    def _billed(self, contract):
        """What was billed for the period by product, by the statements and by the
        invoices."""
        posted = contract.statement_ids.filtered(
            lambda s: s.state == "posted" and s.period_start < self.until
        )
        by_product = {}
        for line in posted.line_ids:
            by_product.setdefault(line.product_id, Decimal(0))
            by_product[line.product_id] += line._rounded_amount()
        total = sum(posted.move_id.mapped("amount_untaxed_signed"))
        return {p: a for p, a in by_product.items() if a}, total

    def test_same_as_afterwards(self):
        for seed in range(self.TRIALS):
            random = Random(seed)  # noqa: S311
            with self.subTest(seed=seed), closing(self.cr.savepoint()):
                self._try(random)
                self.env.invalidate_all()

    def _try(self, random):
        twins = self._twins(random)
        rented = [
            self._rent(twins, random, date(2026, random.choice([6, 7]), 17))
            for _number in range(random.randint(1, 3))
        ]
        self.metered = [
            self._iaas_resource(self.traffic, c, date_start=date(2026, 6, 20))
            for c in twins
        ]
        self._run(date(2026, 7, 9), sum(twins, twins[0]))
        self.happened = []
        for _number in range(random.randint(0, 4)):
            self._happen(twins, rented, random)
        if random.random() < 0.3:
            for contract in twins:
                contract._terminate(date(2026, 7, 30), "Leaves")
        with freeze_time("2026-10-15 09:00:00"):
            self.until = datetime(2026, 9, 1)
            self._run(date(2026, 10, 14), sum(twins, twins[0]))
        after, before = (self._billed(contract) for contract in twins)
        self.assertEqual(before[0], after[0], self.happened)
        self.assertAlmostEqual(before[1], after[1], 2)
        self.assertTrue(after[0])
        advances = twins[1].statement_ids.filtered(
            lambda s: s.kind == "advance" and s.state == "posted"
        )
        for advance in advances.filtered("settled_by_id"):
            self.assertLessEqual(
                -min(advance.settled_by_id.amount_untaxed, 0), advance.amount_untaxed
            )
