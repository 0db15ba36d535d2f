import csv
import io
from datetime import date
from decimal import Decimal

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common_advance import JULY_END, IaasAdvanceCommon


@tagged("post_install", "-at_install")
class TestAdvanceChanges(IaasAdvanceCommon):
    """R92: whatever happens in a period that was billed in advance."""

    # ------------------------------------------------------------------
    # What happens in the period
    # ------------------------------------------------------------------

    def test_void_in_the_period(self):
        """It is credited in full and billed again, as things stand then."""
        self._run(date(2026, 6, 30))
        first = self._advances()
        self._iaas_resource(self.server, date_start=date(2026, 7, 10))
        first.with_user(self.billing_manager)._void("One server was missing")
        self.assertEqual(first.move_id.payment_state, "reversed")
        self.assertEqual(self.contract.next_advance_date, date(2026, 7, 1))
        self._run(date(2026, 7, 9))
        second = self._advances()
        self.assertNotEqual(second, first)
        self.assertEqual(second.amount_untaxed, 136.77)
        self.assertEqual(self._settle_july().amount_untaxed, 0)

    def test_void_of_the_period(self):
        """Voiding the statement of the period leaves the advance; what replaces it
        deducts it again."""
        self._run(date(2026, 6, 30))
        advance = self._advances()
        self.instance._stop(date(2026, 7, 20))
        july = self._settle_july()
        with self.assertRaisesRegex(UserError, "Void that first"):
            advance.with_user(self.billing_manager)._void("Wrong")
        with freeze_time("2026-08-04 09:00:00"):
            july.with_user(self.billing_manager)._void("Rated wrongly")
            self.assertFalse(advance.settled_by_id)
            again = self._settle_july() - july
        self.assertEqual(again.state, "posted")
        self.assertEqual(again.amount_untaxed, july.amount_untaxed)
        self.assertEqual(advance.settled_by_id, again)

    def test_correction_of_the_period(self):
        """A correction is about what was served; what was billed in advance stays
        deducted once."""
        metered = self._iaas_resource(self.traffic, date_start=date(2026, 6, 1))
        self._run(date(2026, 6, 30))
        july = self._settle_july()
        self.assertFalse(july.move_id)
        self._use(metered, ("2026-07-20 00:00:00", 1000))
        with freeze_time("2026-08-04 09:00:00"):
            correction = self.env["iaas.statement"].browse(
                july.action_correct()["res_id"]
            )
            self.assertEqual(correction.line_ids.product_id, self.traffic)
            correction.action_post_correction()
        self.assertEqual(correction.move_id.amount_untaxed, 85)

    def test_advance_is_not_corrected_nor_disputed(self):
        self._run(date(2026, 6, 30))
        advance = self._advances()
        with self.assertRaisesRegex(UserError, "statement of its period settles it"):
            advance.action_correct()
        july = self._settle_july()
        for line in advance.line_ids + july.line_ids.filtered("settles_line_id"):
            with self.assertRaisesRegex(UserError, "billed in advance is settled"):
                self.env["iaas.statement.dispute"].create(
                    {"line_id": line.id, "reason": "Too much"}
                )

    def test_contract_terminated_in_the_period(self):
        self._run(date(2026, 6, 30))
        self.contract.with_user(self.ops_manager)._terminate(
            date(2026, 7, 15), "Closes down"
        )
        with freeze_time("2026-07-20 09:00:00"):
            run = self._run(date(2026, 7, 19))
        july = run.statement_ids
        self.assertEqual(july.date_to, date(2026, 7, 15))
        self.assertEqual(july.amount_period, 38.71)
        self.assertEqual(july.move_id.move_type, "out_refund")
        self.assertEqual(july.move_id.amount_untaxed, 41.29)
        self.assertFalse(self.contract.next_advance_date)
        self.assertFalse(self.contract.next_billing_date)

    def test_resource_that_never_came(self):
        """It may be moved or dropped: the statement credits what was billed."""
        self.instance.unlink()
        planned = self._iaas_resource(self.server, date_start=date(2026, 7, 15))
        self._run(date(2026, 6, 30))
        self.assertEqual(self._advances().amount_untaxed, 43.87)
        planned.with_user(self.ops_manager).date_start = date(2026, 7, 25)
        planned._stop(date(2026, 7, 12))
        self.assertTrue(planned.is_void)
        self.assertEqual(self._settle_july().move_id.amount_untaxed, 43.87)
        self.assertEqual(
            self.contract.statement_ids.sorted("amount_untaxed").mapped(
                "amount_untaxed"
            ),
            [-43.87, 0, 43.87],
        )

    def test_timing_amended_in_the_period(self):
        """Other terms begin with the next period; what was billed is settled."""
        self._run(date(2026, 6, 30))
        self.contract.with_user(self.ops_manager).billing_timing = "after"
        self.assertFalse(self.contract.next_advance_date)
        self.assertEqual(self._settle_july().amount_untaxed, 0)
        with freeze_time("2026-08-05 09:00:00"):
            self.contract.with_user(self.ops_manager).write(
                {"billing_timing": "share", "advance_percent": "50"}
            )
            self.assertEqual(self.contract.next_advance_date, date(2026, 9, 1))
            self._run(date(2026, 8, 4))
        self.assertEqual(len(self._advances()), 1)
        with freeze_time("2026-09-02 09:00:00"):
            self._run(date(2026, 8, 31))
        newest = self._advances().sorted("period_start")[-1]
        self.assertEqual(newest.date_from, date(2026, 9, 1))
        self.assertEqual(newest.amount_untaxed, 40)

    def test_timing_of_a_line(self):
        """R92: per contract line, and the nearest line decides."""
        self.contract.write(
            {
                "billing_timing": "after",
                "line_ids": [
                    Command.create(
                        {
                            "categ_id": self.disk.categ_id.id,
                            "discount": "0",
                            "billing_timing": "before",
                        }
                    ),
                    Command.create(
                        {
                            "product_id": self.server.id,
                            "discount": "10",
                            "billing_timing": "share",
                            "advance_percent": "25",
                        }
                    ),
                ],
            }
        )
        self._iaas_resource(self.disk, quantity=1000, date_start=date(2026, 6, 1))
        self.contract.catalogue_id = False
        self._iaas_resource(self.database, date_start=date(2026, 6, 1))
        self._run(date(2026, 6, 30))
        self.assertEqual(
            {line.product_id: line.amount for line in self._advances().line_ids},
            {self.disk: 50, self.server: 18},
        )
        july = self._settle_july()
        self.assertEqual(july.amount_untaxed, 72 - 18 + 120)
        self.assertEqual(july.move_id.amount_untaxed, july.amount_untaxed)

    def test_line_says_after(self):
        self.contract.line_ids = [
            Command.create(
                {
                    "product_id": self.server.id,
                    "discount": "0",
                    "billing_timing": "after",
                }
            )
        ]
        self._run(date(2026, 6, 30))
        self.assertFalse(self._advances())

    # ------------------------------------------------------------------
    # Commitment, bands, reports
    # ------------------------------------------------------------------

    def test_commitment_counts_it_once(self):
        self.contract.write({"commitment_amount": "100", "shortfall_rule": "period"})
        self._run(date(2026, 6, 30))
        self.assertEqual(self._advances().amount_untaxed, 80)
        july = self._settle_july()
        self.assertEqual(july.amount_untaxed, 20)
        [short] = july.line_ids.filtered(lambda line: line.charge_kind == "shortfall")
        self.assertExact(short.amount_exact, "20")
        self.contract.invalidate_recordset()
        self.assertEqual(self.contract.commitment_used, 100)

    def test_commitment_of_the_term(self):
        self.contract.write(
            {
                "commitment_amount": "100",
                "shortfall_rule": "term",
                "date_end": JULY_END,
            }
        )
        self._run(date(2026, 6, 30))
        july = self._settle_july()
        [short] = july.line_ids.filtered(lambda line: line.charge_kind == "shortfall")
        self.assertExact(short.amount_exact, "40")

    def test_spend_band(self):
        """A discount from a spend holds in advance when the fees alone reach it; what
        usage makes of it is settled."""
        self.contract.line_ids = [
            Command.create(
                {"product_id": self.server.id, "discount": "10", "min_spend": "100"}
            )
        ]
        metered = self._iaas_resource(self.traffic, date_start=date(2026, 6, 1))
        self._run(date(2026, 6, 30))
        self.assertEqual(self._advances().amount_untaxed, 80)
        self._use(metered, ("2026-07-20 00:00:00", 1000))
        july = self._settle_july()
        self.assertEqual(july.amount_period, 72 + 85)
        self.assertEqual(july.move_id.amount_untaxed, 77)
        self._iaas_resource(self.server, date_start=date(2026, 8, 1))
        with freeze_time("2026-08-04 09:00:00"):
            self._run(JULY_END)
        august = self._advances().filtered(lambda s: s.date_from > JULY_END)
        self.assertEqual(august.amount_untaxed, 80, "made when July was billed")
        with freeze_time("2026-08-04 09:00:00"):
            august.with_user(self.billing_manager)._void("A server more")
            self._run(JULY_END)
        again = self._advances().filtered(lambda s: s.date_from > JULY_END)
        self.assertEqual(again.amount_untaxed, 144)

    def test_prepaid_customer(self):
        """What was paid ahead settles an advance as any invoice."""
        self.contract.settlement_mode = "prepaid"
        self._run(date(2026, 6, 30))
        self.assertEqual(self._advances().settlement_mode, "prepaid")
        self.assertEqual(self._advances().move_id.state, "posted")

    def test_revenue_and_credit(self):
        """An advance is revenue when its period is over, and owed at once: its fees
        do not accrue any more."""
        partner = self.contract.partner_id
        self._run(date(2026, 6, 30))
        self.assertEqual(
            self.contract._get_revenue_12m(partner)[partner], 80, "June alone"
        )
        self._settle_july()
        with freeze_time("2026-08-03 10:00:00"):
            self.assertEqual(self.contract._get_revenue_12m(partner)[partner], 160)

    def test_accruing(self):
        order = self._iaas_order(self.contract, (self.server, 1))
        order.action_confirm()
        fees = self.contract._get_accruing()
        self.assertTrue(fees)
        self._run(date(2026, 6, 30))
        self.assertEqual(self.contract._get_accruing(), 0)

    def test_unpapered(self):
        """Days of the advance before the signature, counted once."""
        self.contract.signed_date = date(2026, 7, 11)
        self._run(date(2026, 6, 30))
        row = self._unpapered()
        self.assertAlmostEqual(row.amount_billed, 80 + 80 * 10 / 31, places=2)
        self.assertAlmostEqual(row.daily_revenue, 80 / 30, places=2)
        self._settle_july()
        row = self._unpapered()
        self.assertAlmostEqual(row.amount_billed, 80 + 80 * 10 / 31, places=2)
        self.assertAlmostEqual(row.daily_revenue, 160 / 61, places=2)

    def _unpapered(self):
        self.env.flush_all()
        self.env["iaas.unpapered"].invalidate_model()
        return self.env["iaas.unpapered"].search(
            [("contract_id", "=", self.contract.id)]
        )

    def test_compared_with_the_period_before(self):
        """R67: a period that was billed in advance is no outlier, nor is its advance
        beside the one before."""
        self._run(date(2026, 6, 30))
        july = self._settle_july()
        self.assertEqual(july.previous_amount, 80)
        self.assertFalse(july.is_outlier)
        august = self._advances() - july.line_ids.settles_line_id.statement_id
        self.assertEqual((august.previous_amount, august.is_outlier), (80, False))
        self.assertEqual(august.post_by, date(2026, 8, 11))

    def test_current_usage(self):
        """R49: what the running period comes to, whenever it is billed; so are the
        months in the portal."""
        self._run(date(2026, 6, 30))
        Current = self.env["iaas.current.usage"]
        Current._refresh(self.contract)
        [entry] = Current.search([("contract_id", "=", self.contract.id)])
        self.assertEqual(entry.amount_projected, 80)
        self._settle_july()
        months = Current._get_months(self.contract)
        self.assertEqual([amount for _month, amount in months], [80, 80])

    def test_preview(self):
        """A preview rates what it would bill in advance, and bills nothing."""
        run = self.env["iaas.billing.run"].create(
            {
                "date": date(2026, 6, 30),
                "contract_ids": [Command.set(self.contract.ids)],
            }
        )
        run.action_preview()
        self.assertEqual(run.preview_amount, 160)
        self.assertFalse(self._advances())
        run.action_start()
        self.assertEqual(self._advances().amount_untaxed, 80)

    def test_usage_after_close(self):
        """Usage that comes in during the period is not late for its advance."""
        metered = self._iaas_resource(self.traffic, date_start=date(2026, 6, 1))
        self._run(date(2026, 6, 30))
        self._use(metered, ("2026-07-09 00:00:00", 1000))
        self.assertFalse(
            self.env["iaas.after.close"]._find_late(statements=self._advances())
        )

    def test_hash(self):
        self._run(date(2026, 6, 30))
        july = self._settle_july()
        advance = self._advances().filtered("settled_by_id")
        both = advance + july
        self.assertFalse(both._verify())
        self.env.cr.execute(
            "UPDATE iaas_statement_line SET advance_percent = 50 WHERE id = ANY(%s)",
            [advance.line_ids.ids],
        )
        self.assertEqual(both._verify(), advance)

    def test_what_the_customer_sees(self):
        """The portal, the PDF and the mail say what is billed in advance and what is
        deducted."""
        self.contact.write(
            {
                "email": "mei@example.com",
                "iaas_contact_role_ids": self.env["iaas.contact.role"]
                .search([("receives_statements", "=", True)], limit=1)
                .ids,
            }
        )
        self.contract.write({"billing_timing": "share", "advance_percent": "30"})
        self._run(date(2026, 6, 30))
        advance = self._advances()
        july = self._settle_july()
        self.env["mail.mail"].search([]).unlink()
        (advance + july)._mail()
        mails = self.env["mail.mail"].search([], order="id")
        self.assertIn("due before the service", mails[0].body_html)
        self.assertIn("is final", mails[1].body_html)
        for statement, texts in (
            (advance, ["Statement in Advance", "as they stood when the period"]),
            (july, ["Less billed in advance by", advance.name, advance.move_id.name]),
        ):
            html, _type = self.env["ir.actions.report"]._render_qweb_html(
                "iaas_billing.action_report_statement", statement.ids
            )
            for text in texts:
                self.assertIn(text, html.decode())

    # ------------------------------------------------------------------
    # Failure
    # ------------------------------------------------------------------

    def test_without_a_price(self):
        """The contract is set aside; once mended, one retry bills both."""
        self.contract.catalogue_id = False
        other = self._iaas_resource(self.database, date_start=date(2026, 7, 1))
        prices = self.env["iaas.price"].search([("product_id", "=", self.database.id)])
        prices.date_end = date(2026, 6, 30)
        run = self._run(date(2026, 6, 30))
        self.assertIn("has no price", run.blocker_ids.reason)
        self.assertFalse(self._advances())
        self._iaas_price(self.database, "100", date_start=date(2026, 7, 1))
        run.blocker_ids.action_retry()
        self.assertEqual(run.blocker_ids.state, "solved")
        self.assertEqual(self._advances().amount_untaxed, 180)
        self.assertTrue(other)

    def test_share_is_checked(self):
        for values in (
            {"billing_timing": "share"},
            {"billing_timing": "share", "advance_percent": "100.01"},
            {"billing_timing": "share", "advance_percent": "-1"},
            {"billing_timing": "before", "advance_percent": "20"},
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.contract.write(values)
                self.env.flush_all()

    # ------------------------------------------------------------------
    # Files
    # ------------------------------------------------------------------

    def test_focus(self):
        """The sum of BilledCost per invoice is the invoice; what was used is counted
        as effective cost when it was used."""
        self.contract.write({"billing_timing": "share", "advance_percent": "30"})
        self._run(date(2026, 6, 30))
        july = self._settle_july()
        effective = Decimal(0)
        for statement in self._advances()[0] + july:
            content = statement._export("focus")[2].decode()
            rows = list(csv.DictReader(io.StringIO(content)))
            self.assertEqual(
                sum(Decimal(row["BilledCost"]) for row in rows),
                Decimal(str(statement.move_id.amount_total)),
            )
            effective += sum(
                Decimal(row["EffectiveCost"])
                for row in rows
                if row["ChargeCategory"] != "Tax"
            )
        self.assertEqual(effective, 80)
