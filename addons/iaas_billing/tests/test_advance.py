from ast import literal_eval
from datetime import date
from decimal import Decimal

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common_advance import JULY_END, IaasAdvanceCommon


@tagged("post_install", "-at_install")
class TestAdvance(IaasAdvanceCommon):
    """R92: receive money first, or a share of it, or serve first."""

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

    # ------------------------------------------------------------------
    # Once per period
    # ------------------------------------------------------------------

    def test_run_again(self):
        """A run that is repeated, or a second one, bills nothing in advance again."""
        run = self._run(date(2026, 6, 30))
        run.action_start()
        self._run(date(2026, 6, 30))
        self._run(date(2026, 7, 9))
        self.assertEqual(len(self._advances()), 1)
        self.assertEqual(len(self.contract.statement_ids), 2)

    def test_database_key(self):
        self._run(date(2026, 6, 30))
        values = self.contract._prepare_statement("2026-07-01", "2026-08-01")
        for start in ("2026-07-01", "2026-07-10"):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.env["iaas.statement"].create(
                    values | {"kind": "advance", "period_start": start}
                )
        self.env["iaas.statement"].create(values)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self.env["iaas.statement"].create(
                values
                | {
                    "kind": "advance",
                    "correction_of_id": self._advances().id,
                    "correction_kind": "usage",
                }
            )

    def test_interrupted_run_goes_on(self):
        run = self.env["iaas.billing.run"].create(
            {
                "date": date(2026, 6, 30),
                "contract_ids": [Command.set(self.contract.ids)],
            }
        )
        run._elevated()._collect_statements()
        run.state = "running"
        other = self._run(date(2026, 6, 30))
        self.assertFalse(other.statement_ids)
        run._process_batch()
        self.assertEqual(len(self._advances()), 1)
        self.assertEqual(self._advances().run_id, run)

    def test_nothing_in_advance_without_fees(self):
        """Usage alone is billed after the service; no run is prepared for it."""
        self.instance.unlink()
        self._iaas_resource(self.traffic, date_start=date(2026, 6, 1))
        self._run(date(2026, 6, 30))
        self.assertFalse(self._advances())
        self.assertFalse(
            self.contract.statement_ids.filtered(lambda s: s.state != "posted")
        )
        self.assertFalse(self.contract._due_advances(date(2026, 7, 9)))
        run = self.env["iaas.billing.run"].new({"company_id": self.company.id})
        run.date = date(2026, 7, 9)
        self.assertNotIn(
            self.contract,
            self.env["iaas.contract"]
            .search(run._get_contract_domain("next_advance_date"))
            ._due_advances(run.date),
        )

    def test_contracts_to_bill(self):
        """What is due in advance is listed, as long as anything is rented."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_contract_action_to_bill"
        )
        domain = literal_eval(action["domain"])
        contracts = self.env["iaas.contract"]
        self.contract.date_start = date(2026, 7, 1)
        self.instance.date_start = date(2026, 7, 1)
        self.assertIn(self.contract, contracts.search(domain))
        self._run(date(2026, 7, 9))
        self.assertTrue(self._advances())
        self.assertNotIn(self.contract, contracts.search(domain))

    def test_first_order_of_a_new_contract(self):
        """The contract is active; what is ordered first is billed at once."""
        contract = self._iaas_contract(
            self.customer,
            state="active",
            billing_timing="before",
            date_start=date(2026, 7, 5),
        )
        self._run(date(2026, 7, 9), contract)
        self.assertFalse(contract.statement_ids)
        self._iaas_resource(self.server, contract, date_start=date(2026, 7, 10))
        self._iaas_resource(self.setup_fee, contract, date_start=date(2026, 7, 10))
        self._run(date(2026, 7, 9), contract)
        advance = self._advances(contract)
        self.assertEqual(advance.date_from, date(2026, 7, 5))
        self.assertEqual(
            {line.product_id: line.amount for line in advance.line_ids},
            {self.server: 56.77, self.setup_fee: 500},
        )
        self._iaas_resource(self.server, contract, date_start=date(2026, 7, 20))
        july = self._settle_july(contract)
        self.assertEqual(july.move_id.amount_untaxed, 30.97)

    def test_period_not_begun(self):
        contract = self._iaas_contract(
            self.customer,
            state="active",
            billing_timing="before",
            date_start=date(2026, 8, 1),
        )
        self._iaas_resource(self.server, contract, date_start=date(2026, 8, 1))
        self.assertEqual(contract.next_advance_date, date(2026, 8, 1))
        self._run(date(2026, 7, 9), contract)
        self.assertFalse(contract.statement_ids)

    def test_day_begins_in_the_zone_of_the_contract(self):
        """August begins in Tokyo on 31 July at 15:00 UTC, in Los Angeles on 1 August
        at 7:00."""
        for zone, before, after in (
            ("Asia/Tokyo", "2026-07-31 14:59:59", "2026-07-31 15:00:00"),
            ("America/Los_Angeles", "2026-08-01 06:59:59", "2026-08-01 07:00:00"),
        ):
            contract = self._iaas_contract(
                self.customer,
                state="active",
                billing_timing="before",
                date_start=date(2026, 8, 1),
                timezone=zone,
            )
            self._iaas_resource(self.server, contract, date_start=date(2026, 8, 1))
            for instant, due in ((before, False), (after, True)):
                with freeze_time(instant):
                    found = contract._due_advances(JULY_END)
                    self.assertEqual(bool(found), due, f"{zone} {instant}")
            with freeze_time("2026-08-01 08:00:00"):
                self._run(JULY_END, contract)
            advance = self._advances(contract)
            self.assertEqual(advance.date_from, date(2026, 8, 1))
            self.assertEqual(advance.date_to, date(2026, 8, 31))
            self.assertEqual(advance.amount_untaxed, 80)

    def test_late_run_bills_the_whole_period_after_it(self):
        """What is over is not billed in advance any more."""
        with freeze_time("2026-08-03 09:00:00"):
            self._run(JULY_END)
        self.assertEqual(self._advances().date_from, date(2026, 8, 1))
        self.assertEqual(len(self.contract.statement_ids), 3)

    # ------------------------------------------------------------------
    # Gates
    # ------------------------------------------------------------------

    def test_neither_grace_nor_confirmation(self):
        """The advance is posted while the period before waits for its usage; asking
        the customer is for what was served."""
        self.company.write(
            {"statement_grace_days": 20, "statement_confirmation": "explicit"}
        )
        self._run(date(2026, 6, 30))
        self.assertEqual(self._advances().date_from, date(2026, 7, 1))
        june = self.contract.statement_ids - self._advances()
        self.assertEqual((june.state, june.waits_for), ("draft", "grace"))

    def test_review(self):
        """A company that reviews each statement reviews advances, on the day."""
        self.company.statement_review = True
        self._run(date(2026, 6, 30))
        advance = self.contract.statement_ids.filtered(lambda s: s.kind == "advance")
        self.assertEqual(advance.state, "review")
        self.assertEqual(advance.activity_ids.date_deadline, date(2026, 7, 10))
        # Another run leaves it to the reviewer.
        self._run(date(2026, 6, 30))
        self.assertEqual(advance.state, "review")
        advance.with_user(self.billing_user).action_approve()
        self.assertEqual(advance.state, "posted")
        self.assertEqual(advance.move_id.amount_untaxed, 80)

    def test_reviewed_too_late(self):
        self.company.statement_review = True
        self._run(date(2026, 6, 30))
        advance = self.contract.statement_ids.filtered(lambda s: s.kind == "advance")
        with freeze_time("2026-08-03 09:00:00"):
            with self.assertRaisesRegex(UserError, "no longer be billed in advance"):
                advance.with_user(self.billing_user).action_approve()
            self._run(JULY_END)
        self.assertFalse(advance.exists())
        july = self.contract.statement_ids.filtered(
            lambda s: s.date_to == JULY_END and s.kind == "regular"
        )
        self.assertEqual(july.amount_untaxed, 80)
        self.assertFalse(july.amount_advance)

    def test_confirmed_statement_deducts_or_is_not_posted(self):
        """What the customer has confirmed is not posted when the advance has gone in
        the meantime; neither is the advance voided under it."""
        self._run(date(2026, 6, 30))
        self.company.statement_confirmation = "explicit"
        july = self._settle_july()
        self.assertEqual(july.state, "sent")
        advance = self._advances()
        with self.assertRaisesRegex(UserError, "is deducted by"):
            advance.with_user(self.billing_manager)._void("Wrong customer")
        july.action_take_back()
        with freeze_time("2026-08-04 09:00:00"):
            advance.with_user(self.billing_manager)._void("Wrong customer")
            july.action_go_on()
            self.assertEqual(july.state, "sent")
            july.action_confirm()
        self.assertEqual(july.state, "posted")
        self.assertEqual(july.amount_untaxed, 80)
