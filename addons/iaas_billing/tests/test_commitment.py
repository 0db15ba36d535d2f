from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged

from odoo.addons.iaas_contract.pricing.numbers import exact

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestCommitment(IaasBillingCommon):
    """R27: what a customer committed to and did not buy is billed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance = cls._iaas_resource(cls.server)
        cls.contract.write({"commitment_amount": "100", "shortfall_rule": "period"})

    def _short(self, statements):
        return statements.line_ids.filtered(
            lambda line: line.charge_kind == "shortfall"
        )

    def test_each_period(self):
        statement = self._bill_month(2026, 1)
        line = self._short(statement)
        self.assertExact(line.amount_exact, "20")
        self.assertExact(line.committed_amount, "100")
        self.assertFalse(line.resource_id)
        self.assertEqual(statement.amount_untaxed, 100)
        self.assertEqual(statement.move_id.amount_untaxed, 100)
        self.assertIn("Committed to 100 USD from", line.explanation)
        self.assertIn("Billed in this time before tax: 80 USD.", line.explanation)
        [name] = statement.move_id.invoice_line_ids.filtered(
            lambda move_line: move_line.price_subtotal == 20
        ).mapped("name")
        self.assertIn("Shortfall of the commitment. Committed to 100 USD", name)
        self.assertEqual(line.contract_version_id, self.contract._current_version())
        line.invalidate_recordset()
        self.assertEqual(line.with_user(self.billing_user).amount, 20)

    def test_reached(self):
        self._iaas_resource(self.server)
        self.assertFalse(self._short(self._bill_month(2026, 1)))

    def test_nothing_is_due_by_another_rule(self):
        self.contract.shortfall_rule = "none"
        self.assertFalse(self._short(self._bill_month(2026, 1)))

    def test_without_any_resource(self):
        self.instance.unlink()
        statement = self._bill_month(2026, 1)
        self.assertEqual(statement.move_id.amount_untaxed, 100)

    def test_rated_again_is_the_same(self):
        statement = self.env["iaas.statement"].create(
            self.contract._prepare_statement("2026-06-01", "2026-07-01")
        )
        statement.action_rate()
        line = self._short(statement)
        statement.action_rate()
        self.assertEqual(self._short(statement), line)
        self._iaas_resource(self.server)
        statement.action_rate()
        self.assertFalse(self._short(statement))

    def test_first_and_last_period_by_days(self):
        contract = self._iaas_contract(
            self.customer,
            state="active",
            date_start=date(2026, 4, 16),
            date_end=date(2026, 6, 10),
            commitment_amount="300",
            shortfall_rule="period",
        )
        run = self._run(date(2026, 6, 30), contract)
        lines = self._short(run.statement_ids).sorted("segment_start")
        self.assertEqual(lines.mapped("amount"), [150, 300, 100])

    def test_amended_inside_a_period(self):
        """The days before the amendment count by the old commitment."""
        self.contract._current_version()
        with freeze_time("2026-04-16 09:00:00"):
            self.contract.with_user(self.ops_manager).commitment_amount = "400"
        self._run(date(2026, 5, 31))
        amounts = {
            line.date_to: line.committed_amount
            for line in self._short(self.contract.statement_ids)
        }
        self.assertExact(amounts[date(2026, 3, 31)], "100")
        self.assertExact(amounts[date(2026, 4, 30)], "250")
        self.assertExact(amounts[date(2026, 5, 31)], "400")

    def test_at_the_end_of_the_term(self):
        """A good month makes up for a bad one; the rest is due with the last."""
        self.contract.write({"shortfall_rule": "term", "date_end": date(2026, 6, 15)})
        extra = self._iaas_resource(self.server, date_start=date(2026, 2, 1))
        extra._stop(date(2026, 2, 28))
        self._run(date(2026, 5, 31))
        statements = self.contract.statement_ids
        self.assertFalse(self._short(statements))
        self.contract.invalidate_recordset()
        self.assertEqual(self.contract.commitment_total, 550)
        self.assertEqual(self.contract.commitment_used, 480)
        self.assertEqual(self.contract.commitment_remaining, 70)
        self._run(date(2026, 6, 30))
        [line] = self._short(self.contract.statement_ids)
        self.assertExact(line.committed_amount, "550")
        self.assertExact(line.amount_exact, "30")
        self.assertEqual(line.segment_start, date(2026, 1, 1))
        with exact():
            billed = sum(
                Decimal(str(amount))
                for amount in self.contract.statement_ids.mapped("amount_untaxed")
            )
        self.assertEqual(billed, 550)

    def test_all_periods_in_one_run(self):
        self.contract.write({"shortfall_rule": "term", "date_end": date(2026, 6, 30)})
        self._run(date(2026, 6, 30))
        [line] = self._short(self.contract.statement_ids)
        self.assertExact(line.amount_exact, "120")
        self.assertEqual(line.date_to, date(2026, 6, 30))

    def test_terms_that_follow_by_themselves(self):
        """A contract that renewed itself settles each of its terms."""
        self.contract.write(
            {
                "shortfall_rule": "term",
                "date_end": date(2026, 3, 31),
                "auto_renew": True,
                "renew_months": 3,
                "notice_days": 10,
            }
        )
        self.contract._current_version()
        with freeze_time("2026-03-25 09:00:00"):
            self.contract._follow_term()
        self.assertEqual(self.contract.date_end, date(2026, 6, 30))
        self._run(date(2026, 6, 30))
        lines = self._short(self.contract.statement_ids).sorted("segment_start")
        self.assertEqual(
            lines.mapped(lambda line: (line.segment_start, line.amount)),
            [(date(2026, 1, 1), 60), (date(2026, 4, 1), 60)],
        )

    def test_there_is_a_last_period(self):
        with self.assertRaisesRegex(ValidationError, "has no last day"):
            self.contract.write({"shortfall_rule": "term", "date_end": False})

    def test_the_last_period_is_not_billed_yet(self):
        self.contract.write({"shortfall_rule": "term"})
        self._run(date(2026, 5, 31))
        with self.assertRaisesRegex(UserError, "settles its commitment"):
            self.contract.with_user(self.ops_manager)._terminate(
                date(2026, 5, 31), "Moves in house"
            )
        self.contract.with_user(self.ops_manager)._terminate(
            date(2026, 6, 1), "Moves in house"
        )
        self._run(date(2026, 6, 30))
        [line] = self._short(self.contract.statement_ids)
        self.assertEqual(line.date_to, date(2026, 6, 1))

    def test_contract_shows_the_last_period(self):
        self._run(date(2026, 5, 31))
        contract = self.contract.with_user(self.sales_user)
        contract.invalidate_recordset()
        self.assertEqual(contract.commitment_total, 100)
        self.assertEqual(contract.commitment_used, 100)
        self.assertEqual(contract.commitment_remaining, 0)


@tagged("post_install", "-at_install")
class TestAmendedPrice(IaasBillingCommon):
    def test_own_price_from_the_day_of_the_amendment(self):
        """R27, R29: the days before are rated as they were agreed, and each line says
        by which version."""
        self._iaas_resource(self.server)
        own = self._iaas_price(self.server, "60", contract_id=self.contract.id)
        first = self.contract._current_version()
        with freeze_time("2026-04-16 09:00:00"):
            action = self.contract.with_user(self.ops_manager).action_amend()
            version = self.env[action["res_model"]].browse(action["res_id"])
            version.price_ids.unit_price = "30"
            version.date_effective = date(2026, 4, 16)
            version.action_submit()
            version.write({"signed_by": "Mei Tanaka", "signed_date": "2026-04-15"})
            version.action_put_in_force()
        self._run(date(2026, 4, 30))
        lines = self.contract.statement_ids.line_ids.filtered(
            lambda line: line.segment_start.month == 4
        ).sorted("segment_start")
        self.assertEqual(lines.mapped("amount_exact"), [30, 15])
        self.assertEqual(lines.price_id, own + version.price_ids)
        self.assertEqual(lines.contract_version_id, first + version)


@tagged("post_install", "-at_install")
class TestSpendBands(IaasBillingCommon):
    """R27: a discount holds in periods that reach its spend, before discounts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance = cls._iaas_resource(cls.server)
        cls.volume = cls._iaas_resource(cls.disk, quantity=400)
        cls._band("5", False)
        cls._band("10", "100")
        cls._band("25", "100.01")

    @classmethod
    def _band(cls, discount, spend, **values):
        cls.contract.line_ids = [
            Command.create(
                {
                    "product_id": cls.server.id,
                    "discount": discount,
                    "min_spend": spend,
                    **values,
                }
            )
        ]

    def test_highest_band_that_is_reached(self):
        """80 and 20 make 100: the band of 100 is reached, that above is not."""
        statement = self._bill_month(2026, 1)
        amounts = self._amounts(statement)
        self.assertExact(amounts[self.server, date(2026, 1, 1)], "72")
        self.assertExact(amounts[self.disk, date(2026, 1, 1)], "20")
        line = statement.line_ids.filtered(lambda line: line.product_id == self.server)
        self.assertEqual(line.spend_band, 100)
        self.assertEqual(line.contract_line_id.discount, 10)
        self.assertIn("spend of the period reaches 100 USD", line.explanation)

    def test_none_is_reached(self):
        self.volume._stop(date(2026, 1, 31))
        statements = [self._bill_month(2026, month) for month in (1, 2)]
        self.assertEqual(statements[0].amount_untaxed, 92)
        self.assertEqual(statements[1].amount_untaxed, 76)
        self.assertFalse(any(statements[1].line_ids.mapped("spend_band")))

    def test_usage_counts(self):
        self._use(self._iaas_resource(self.traffic), ("2026-01-10 00:00:00", "1000"))
        amounts = self._amounts(self._bill_month(2026, 1))
        self.assertExact(amounts[self.server, date(2026, 1, 1)], "60")
        self.assertExact(amounts[self.traffic, date(2026, 1, 1)], "85")

    def test_a_period_cut_short_needs_less(self):
        contract = self.contract.copy(
            {"date_start": date(2026, 4, 16), "date_end": date(2026, 12, 31)}
        )
        contract.state = "active"
        for product, quantity in ((self.server, 1), (self.disk, 400)):
            self._iaas_resource(
                product, contract, quantity=quantity, date_start=date(2026, 4, 16)
            )
        run = self._run(date(2026, 4, 30), contract)
        amounts = self._amounts(run.statement_ids)
        self.assertExact(amounts[self.server, date(2026, 4, 16)], "36")

    def test_band_for_some_days(self):
        """What begins inside the period holds from its day on, and usage is cut
        there although the spend is known only afterwards."""
        rented = self._iaas_resource(self.traffic)
        self._use(
            rented, ("2026-01-10 00:00:00", "1000"), ("2026-01-20 00:00:00", "2000")
        )
        self.contract.line_ids = [
            Command.create(
                {
                    "product_id": self.traffic.id,
                    "discount": "50",
                    "min_spend": "200",
                    "date_start": date(2026, 1, 16),
                }
            )
        ]
        amounts = self._amounts(self._bill_month(2026, 1))
        self.assertExact(amounts[self.traffic, date(2026, 1, 1)], "85")
        self.assertExact(amounts[self.traffic, date(2026, 1, 16)], "85")

    def test_minimum_and_commitment_come_after(self):
        self.contract.write({"commitment_amount": "100", "shortfall_rule": "period"})
        statement = self._bill_month(2026, 1)
        self.assertEqual(statement.amount_untaxed, 100)
        [short] = statement.line_ids.filtered(
            lambda line: line.charge_kind == "shortfall"
        )
        self.assertEqual(short.amount, 8)
