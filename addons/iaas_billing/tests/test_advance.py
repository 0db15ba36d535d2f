from datetime import date
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from .common import IaasBillingCommon

JULY_END = date(2026, 7, 31)


@tagged("post_install", "-at_install")
class TestAdvance(IaasBillingCommon):
    """R92: receive money first, or a share of it, or serve first."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.write({"date_start": date(2026, 6, 1), "billing_timing": "before"})
        cls.instance = cls._iaas_resource(cls.server, date_start=date(2026, 6, 1))

    def _advances(self, contract=None):
        return (contract or self.contract).statement_ids.filtered(
            lambda statement: (
                statement.kind == "advance" and statement.state == "posted"
            )
        )

    def _settle_july(self, contract=None):
        with freeze_time("2026-08-03 09:00:00"):
            self._run(JULY_END, contract or self.contract)
        return (contract or self.contract).statement_ids.filtered(
            lambda statement: (
                statement.kind == "regular" and statement.date_to == JULY_END
            )
        )

    def test_billed_when_the_period_begins(self):
        """The period that is over is billed after it, the running one in advance."""
        self.assertEqual(self.contract.next_advance_date, date(2026, 7, 1))
        run = self._run(date(2026, 6, 30))
        self.assertEqual(run.state, "done")
        advance = self._advances()
        self.assertEqual(advance.date_from, date(2026, 7, 1))
        self.assertEqual(advance.date_to, JULY_END)
        self.assertEqual(advance.amount_untaxed, 80)
        self.assertEqual(advance.move_id.state, "posted")
        self.assertEqual(advance.move_id.amount_untaxed, 80)
        self.assertIn("In advance: ", advance.move_id.invoice_line_ids.name)
        june = self.contract.statement_ids - advance
        self.assertEqual(june.amount_untaxed, 80)
        self.assertFalse(june.amount_advance)
        self.assertEqual(self.contract.next_advance_date, date(2026, 8, 1))
        self.assertEqual(self.contract.next_billing_date, date(2026, 8, 1))
        self.assertFalse(advance.usage_hash)

    def test_settled(self):
        """Nothing is left to pay when all of it was billed in advance."""
        self._run(date(2026, 6, 30))
        advance = self._advances()
        july = self._settle_july()
        self.assertEqual(july.state, "posted")
        self.assertEqual(july.amount_untaxed, 0)
        self.assertEqual(july.amount_advance, 80)
        self.assertEqual(july.amount_period, 80)
        self.assertFalse(july.move_id)
        self.assertEqual(advance.settled_by_id, july)
        deducted = july.line_ids.filtered("settles_line_id")
        self.assertEqual(deducted.settles_line_id, advance.line_ids)
        self.assertIn(advance.move_id.name, deducted.explanation)

    def test_share(self):
        self.contract.write({"billing_timing": "share", "advance_percent": "30"})
        self._run(date(2026, 6, 30))
        self.assertEqual(self._advances().amount_untaxed, 24)
        self.assertExact(self._advances().line_ids.advance_percent, "30")
        july = self._settle_july()
        self.assertEqual(july.amount_untaxed, 56)
        self.assertEqual(july.move_id.amount_untaxed, 56)
        gross, less = july.move_id.invoice_line_ids.sorted("price_subtotal", True)
        self.assertEqual((gross.price_subtotal, less.price_subtotal), (80, -24))
        self.assertIn(self._advances()[0].move_id.name, less.name)

    def test_stopped_in_mid_period(self):
        """What was billed in advance and not served is credited, and settles what is
        unpaid of the advance."""
        self._run(date(2026, 6, 30))
        self.instance._stop(date(2026, 7, 10))
        july = self._settle_july()
        served = Decimal("80") * 10 / 31
        self.assertEqual(july.amount_period, float(round(served, 2)))
        self.assertEqual(july.move_id.move_type, "out_refund")
        self.assertEqual(july.move_id.amount_untaxed, -july.amount_untaxed)
        advance = self._advances()
        self.assertEqual(july.move_id.reversed_entry_id, advance.move_id)
        self.assertEqual(july.move_id.payment_state, "paid")
        self.assertAlmostEqual(
            advance.move_id.amount_residual,
            advance.move_id.amount_total - july.move_id.amount_total,
        )
