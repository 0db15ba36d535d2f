from datetime import date
from decimal import Decimal

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.iaas_contract.pricing import Price, Tier

from ..rating import Charges
from .common import IaasBillingCommon


class TrialCommon(IaasBillingCommon):
    def _trial(self, until="2026-01-31", **values):
        return self.env["iaas.contract.line"].create(
            {
                "contract_id": self.contract.id,
                "is_trial": True,
                "date_end": date.fromisoformat(until),
                **values,
            }
        )

    def _line(self, statement, product, day=None):
        lines = statement.line_ids.filtered(lambda line: line.product_id == product)
        if day:
            lines = lines.filtered(lambda line: str(line.segment_start) == day)
        return lines


@tagged("post_install", "-at_install")
class TestTrialRating(TrialCommon):
    """R63: use first, then pay: what is free is shown at its list amount, and from
    the day after the trial the same contract charges it, without anybody's doing."""

    def test_a_month_in_trial_costs_nothing(self):
        """List amounts and a discount of 100 %, 0 to pay."""
        self._trial()
        self._iaas_resource(self.server)
        self._iaas_resource(self.setup_fee)
        traffic = self._iaas_resource(self.traffic)
        self._use(traffic, ("2026-01-15 10:00:00", "100"))
        statement = self._bill_month(2026, 1)
        self.assertEqual(statement.state, "posted")
        self.assertEqual(statement.amount_untaxed, 0)
        for product, listed in (
            (self.server, "80"),
            (self.setup_fee, "500"),
            (self.traffic, "8.5"),
        ):
            line = self._line(statement, product)
            self.assertExact(line.list_amount, listed)
            self.assertExact(line.amount_exact, "0")
            self.assertEqual(line.discount_percent, 100)
            self.assertTrue(line.is_trial)
            self.assertIn("Free trial until 01/31/2026", line.explanation)
        found = self.env["iaas.statement.line"].search(
            [("is_trial", "=", True), ("statement_id", "=", statement.id)]
        )
        self.assertEqual(found, statement.line_ids)

    def test_the_month_in_which_it_ends_is_split_at_the_day(self):
        """Free up to 10 February, 18 of 28 days are charged; March is charged in
        full."""
        self._trial("2026-02-10")
        self._iaas_resource(self.server)
        traffic = self._iaas_resource(self.traffic)
        self._use(
            traffic,
            ("2026-02-10 23:59:59", "100"),
            ("2026-02-11 00:00:00", "200"),
        )
        self.assertEqual(self._bill_month(2026, 1).amount_untaxed, 0)
        statement = self._bill_month(2026, 2)
        free = self._line(statement, self.server, "2026-02-01")
        paid = self._line(statement, self.server, "2026-02-11")
        self.assertEqual(free.segment_end, date(2026, 2, 10))
        self.assertExact(free.amount_exact, "0")
        self.assertEqual(free.list_amount + paid.list_amount, 80)
        self.assertEqual(round(paid.amount_exact, 10), round(Decimal(80 * 18) / 28, 10))
        self.assertFalse(paid.discount_percent)
        used = self._line(statement, self.traffic)
        self.assertEqual(
            [(line.list_amount, line.amount_exact) for line in used],
            [(Decimal("8.5"), 0), (17, 17)],
        )
        self.assertEqual(self._bill_month(2026, 3).amount_untaxed, 80)

    def test_what_was_agreed_holds_after_it(self):
        """A trial goes before a discount of the product itself, and leaves it as it
        is for the time after."""
        self.contract.line_ids = [
            Command.create({"product_id": self.server.id, "discount": "10"})
        ]
        self._trial()
        self._iaas_resource(self.server)
        self.assertEqual(self._bill_month(2026, 1).amount_untaxed, 0)
        self.assertEqual(self._bill_month(2026, 2).amount_untaxed, 72)

    def test_only_what_is_tried_is_free(self):
        self._trial(categ_id=self.eip.id)
        self._iaas_resource(self.server)
        traffic = self._iaas_resource(self.traffic)
        self._use(traffic, ("2026-01-15 10:00:00", "100"))
        statement = self._bill_month(2026, 1)
        self.assertEqual(statement.amount_untaxed, 80)
        self.assertExact(self._line(statement, self.traffic).amount_exact, "0")

    def test_minimum(self):
        """The least that a price asks for is not asked for in a trial, and counts by
        days in the month in which it ends."""
        self.traffic.iaas_price_ids.min_amount = "28"
        self.server.iaas_price_ids.min_amount = "100"
        self._trial("2026-02-14")
        self._iaas_resource(self.server)
        self._iaas_resource(self.traffic)
        self.assertEqual(self._bill_month(2026, 1).amount_untaxed, 0)
        self.assertEqual(self._bill_month(2026, 2).amount_untaxed, 14 + 50)
        self.assertEqual(self._bill_month(2026, 3).amount_untaxed, 28 + 100)

    def test_a_peak_is_charged_for_the_days_after_it(self):
        """What cannot be split at a day, like a peak, is shown in full and charged by
        days, whichever end of the month the trial is at."""
        meter = self._iaas_meter(self.disk, "disk.peak", aggregation="max")
        self.disk.iaas_charge_kind = "usage"
        disk = self._iaas_resource(self.disk)
        trial = self._trial("2026-02-14")
        for month in ("01", "02", "03"):
            self._use(disk, (f"2026-{month}-20 10:00:00", "1000"), meter=meter)
        january = self._line(self._bill_month(2026, 1), self.disk)
        self.assertExact(january.list_amount, "50")
        self.assertExact(january.amount_exact, "0")
        february = self._line(self._bill_month(2026, 2), self.disk)
        self.assertExact(february.list_amount, "50")
        self.assertExact(february.amount_exact, "25")
        self.assertIn("14 of the 28 days", february.explanation)
        self._trial("2026-04-30", date_start=date(2026, 3, 2))
        march = self._line(self._bill_month(2026, 3), self.disk)
        self.assertEqual(round(march.amount_exact, 10), round(Decimal(50) / 31, 10))
        self.assertFalse(march.contract_line_id)
        self.assertTrue(trial.exists())

    def test_tiers_begin_anew_after_it(self):
        """What was free does not use up cheap or free units, nor does it make what
        follows cost less than nothing."""
        volume = Price(
            "volume", tiers=[Tier(up_to=10, unit_price=10), Tier(unit_price=5)]
        )
        charges = Charges()
        free = charges.add(volume, Decimal(10), [], 100, False, is_trial=True)
        paid = charges.add(volume, Decimal(2), [], 0, True)
        self.assertEqual(free, (0, 100, 0))
        self.assertEqual(paid, (0, 20, 20))

    def test_commitment_and_spend_count_the_days_after_it(self):
        """Nobody has to buy what is free: 14 of 28 days of a commitment of 1,000, and
        a discount from a spend of 100 needs 50."""
        self.contract.write(
            {
                "commitment_amount": "1000",
                "shortfall_rule": "period",
                "line_ids": [
                    Command.create(
                        {
                            "product_id": self.server.id,
                            "discount": "10",
                            "min_spend": "79",
                        }
                    )
                ],
            }
        )
        self._trial("2026-02-14")
        self._iaas_resource(self.server)
        self.assertEqual(self._bill_month(2026, 1).amount_untaxed, 0)
        february = self._bill_month(2026, 2)
        server = self._line(february, self.server, "2026-02-15")
        self.assertExact(server.amount_exact, "36")
        self.assertExact(
            (february.line_ids - self._line(february, self.server)).amount_exact, "464"
        )
        self.assertEqual(self._bill_month(2026, 3).amount_untaxed, 1000)

    def test_billed_in_advance(self):
        """Before the service nothing is due for a month in trial."""
        self.contract.billing_timing = "before"
        self._trial()
        self._iaas_resource(self.server)
        run = self._run(date(2026, 2, 28))
        due = {
            (statement.date_from, statement.kind): statement.amount_untaxed
            for statement in run.statement_ids
        }
        self.assertEqual(due[date(2026, 1, 1), "regular"], 0)
        self.assertEqual(due[date(2026, 2, 1), "regular"], 80)


@tagged("post_install", "-at_install")
class TestTrialReport(TrialCommon):
    """R63: whether those who tried went on to pay, and what the trial cost."""

    def _row(self, trial, user=None):
        self.env.flush_all()
        self.env["iaas.trial"].invalidate_model()
        rows = self.env["iaas.trial"].with_user(user or self.billing_user)
        return rows.search([("id", "=", trial.id)])

    def test_converted(self):
        """The server runs on after the trial and its first month is paid."""
        tier = self.env["iaas.customer.tier"].search([], limit=1)
        self.customer.iaas_tier_id = tier
        trial = self._trial(product_id=self.server.id)
        self._iaas_resource(self.server)
        for month in (1, 2, 3):
            statement = self._bill_month(2026, month)
            if month == 2:
                first = statement
        row = self._row(trial)
        self.assertEqual(row.state, "converted")
        self.assertEqual(row.conversion, 1)
        self.assertEqual(row.date_converted, date(2026, 2, 1))
        self.assertEqual((row.date_start, row.days), (date(2026, 1, 1), 31))
        self.assertEqual((row.amount_free, row.amount_first), (80, 80))
        self.assertEqual(row.statement_id, first)
        self.assertEqual(row.payment_state, "not_paid")
        self.assertEqual(row.partner_id, self.customer)
        self.assertEqual(row.tier_id, tier)
        self.assertEqual(row.user_id, self.contract.user_id)
        self.assertEqual(row.family_id, self.compute)
        self.assertEqual(row.action_open_contract()["res_id"], self.contract.id)
        lines = self.env["iaas.statement.line"].search(
            row.action_view_lines()["domain"]
        )
        self.assertEqual(lines.list_amount, 80)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=first.move_id.ids
        ).create({})._create_payments()
        self.assertIn(self._row(trial).payment_state, ("paid", "in_payment"))

    def test_states(self):
        trial = self._trial("2026-07-20")
        for stopped, state in (
            (None, "running"),
            (date(2026, 7, 9), "early"),
            (date(2026, 7, 20), "running"),
        ):
            with self.subTest(state, stopped=stopped):
                resource = self._iaas_resource(self.server, date_end=stopped)
                self.assertEqual(self._row(trial).state, state)
                resource.unlink()
        self.assertEqual(self._row(trial).days_left, 10)
        trial.date_end = date(2026, 6, 30)
        for begun, stopped, state in (
            (None, None, "unused"),
            (date(2026, 7, 1), None, "converted"),
            (date(2026, 7, 2), None, "unused"),
            (date(2026, 1, 1), None, "converted"),
            (date(2026, 1, 1), date(2026, 7, 1), "converted"),
            (date(2026, 1, 1), date(2026, 6, 30), "lapsed"),
            (date(2026, 1, 1), date(2026, 6, 29), "early"),
        ):
            with self.subTest(state, begun=begun, stopped=stopped):
                resource = begun and self._iaas_resource(
                    self.server, date_start=begun, date_end=stopped
                )
                row = self._row(trial)
                self.assertEqual(row.state, state)
                self.assertEqual(row.conversion, 1 if state == "converted" else 0)
                if resource:
                    resource.unlink()
        trial.write({"date_start": date(2026, 8, 1), "date_end": date(2026, 8, 31)})
        self.assertEqual(self._row(trial).state, "planned")
        draft = self._iaas_contract(self.customer)
        trial = self._trial("2025-01-31", contract_id=draft.id)
        self.assertFalse(self._row(trial), "not agreed yet")

    def test_nobody_goes_on_under_a_contract_that_is_over(self):
        """What is rented has no last day of its own: that of its contract ends it."""
        trial = self._trial("2026-06-30")
        self._iaas_resource(self.server)
        self.contract.sudo().write({"state": "ended", "date_end": "2026-06-30"})
        self.assertEqual(self._row(trial).state, "lapsed")
        renewal = self.contract.copy(
            {"date_start": "2026-07-01", "date_end": "2027-06-30"}
        ).sudo()
        renewal.write({"renewal_of_id": self.contract.id, "state": "active"})
        self.contract.sudo().state = "renewed"
        self.assertEqual(self._row(trial).state, "converted")

    def test_comes_back_later(self):
        """Who pays for it later has converted then."""
        trial = self._trial(categ_id=self.compute.id)
        self._iaas_resource(self.server, date_end=date(2026, 1, 31))
        self._bill_month(2026, 1)
        self.assertEqual(self._row(trial).state, "lapsed")
        self._iaas_resource(self.server, date_start=date(2026, 3, 10))
        self._iaas_resource(self.traffic)
        self._run(date(2026, 3, 31))
        row = self._row(trial)
        self.assertEqual(row.state, "converted")
        self.assertEqual(row.date_converted, date(2026, 3, 10))
        self.assertAlmostEqual(row.amount_first, 80 * 22 / 31, places=2)

    def test_today_is_where_the_contract_is(self):
        trial = self._trial("2026-07-09")
        self._iaas_resource(self.server)
        for zone, state in (
            ("Asia/Tokyo", "converted"),
            ("Pacific/Honolulu", "running"),
        ):
            self.contract.timezone = zone
            with freeze_time("2026-07-10 03:00:00"):
                self.assertEqual(self._row(trial).state, state)

    def test_rate_counts_what_is_over(self):
        """One of two trials that are over was converted: 50 %; those that run do not
        count yet."""
        self._iaas_resource(self.server)
        self._trial(product_id=self.server.id)
        self._trial(product_id=self.disk.id)
        self._trial("2026-12-31", product_id=self.traffic.id)
        self.env.flush_all()
        [(count, rate)] = (
            self.env["iaas.trial"]
            .with_user(self.billing_user)
            ._read_group(
                [("contract_id", "=", self.contract.id)],
                aggregates=["__count", "conversion:avg"],
            )
        )
        self.assertEqual((count, rate), (3, 0.5))

    def test_access(self):
        """Sales, operations, billing, accounting and auditors see it; nobody changes
        it; nobody of another company or outside sees anything."""
        trial = self._trial()
        readers = {"sales_user", "sales_manager", "ops_user", "ops_manager"}
        readers |= {"auditor", "accountant", "billing_user", "billing_manager"}
        roles = self._iaas_roles() | {
            "billing_user": self.billing_user,
            "billing_manager": self.billing_manager,
        }
        for role, user in roles.items():
            rows = self.env["iaas.trial"].with_user(user)
            with self.subTest(role=role):
                self.assertEqual(rows.has_access("read"), role in readers)
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(rows.has_access(operation))
        with self.assertRaises(AccessError):
            self._row(trial, roles["portal"])
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._iaas_user("stranger", "iaas_billing.group_iaas_billing_user")
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.assertTrue(self._row(trial))
        self.assertFalse(self._row(trial, stranger))
