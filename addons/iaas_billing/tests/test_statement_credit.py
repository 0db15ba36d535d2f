from datetime import date

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestStatementCredit(IaasBillingCommon):
    """Nothing is credited twice, whoever credits it and in whatever way (R64)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.server_resource = cls._iaas_resource(cls.server)
        cls.statement = cls._bill_month(2026, 1)
        cls.line = cls.statement.line_ids

    def _dispute(self, line=None):
        return self.env["iaas.statement.dispute"].create(
            {"line_id": (line or self.line).id, "reason": "Too dear"}
        )

    def _price(self, price):
        self._iaas_price(
            self.server,
            price,
            date_start=date(2026, 1, 1),
            contract_id=self.contract.id,
        )

    def _correct(self):
        correction = self.env["iaas.statement"].browse(
            self.statement.action_correct()["res_id"]
        )
        correction.action_post_correction()
        return correction

    def test_dispute_is_not_moved_to_another_customer(self):
        """Whose it is follows from its line: who may see it, and what is credited."""
        dispute = self._dispute().with_user(self.billing_manager)
        self.other_customer.sudo().iaas_verification_state = "verified"
        contract = self._iaas_contract(
            self.other_customer, state="active", date_start=date(2026, 1, 1)
        )
        self._iaas_resource(self.server, contract)
        other = self._bill_month(2026, 1, contract)
        company = self.env["res.company"].create({"name": "Sister Cloud"})
        for values in (
            {"statement_id": other.id},
            {"partner_id": self.other_customer.id},
            {"company_id": company.id},
        ):
            with self.assertRaisesRegex(UserError, "by hand"), self.env.cr.savepoint():
                dispute.write(values)

    def test_credit_is_of_what_a_correction_left(self):
        self._price("50")
        self.assertEqual(self._correct().amount_untaxed, -30)
        dispute = self._dispute()
        with self.assertRaisesRegex(UserError, "50"), self.env.cr.savepoint():
            dispute._accept("Yes.", 50.01)
        dispute._accept("Yes.", 50)
        self.assertEqual(dispute.credit_id.amount_untaxed, -50)
        with self.assertRaisesRegex(UserError, "0.00"), self.env.cr.savepoint():
            self._dispute()._accept("Again.", 0.01)

    def test_what_was_agreed_is_not_credited_again(self):
        """The customer was credited by agreement; then the price turns out to be
        another one."""
        resource = self._iaas_resource(self.traffic, date_start=date(2026, 2, 1))
        self._use(resource, ("2026-02-10 00:00:00", "1000"))
        self.statement = self._bill_month(2026, 2)
        line = self.statement.line_ids.filtered("meter_id")
        self.assertEqual(line.amount, 85)
        self._dispute(line)._accept("Not all of it was ours.", 70)
        self._iaas_price(
            self.traffic,
            "0.05",
            date_start=date(2026, 1, 1),
            contract_id=self.contract.id,
        )
        correction = self._correct()
        self.assertEqual(correction.amount_untaxed, -15)
        self.assertEqual(correction.line_ids.amount_waived, -20)
        self.assertIn("Not credited once more", correction.line_ids.explanation)
        self.assertFalse(correction._verify())
        # What comes in later is billed as it is.
        self._use(resource, ("2026-02-11 00:00:00", "400"))
        self.assertEqual(self._correct().amount_untaxed, 20)

    def test_what_is_written_off_beside_what_was_agreed_is_not_credited_later(self):
        """The price turns out to be another one after a credit was agreed, and the
        rest is written off: the period is as it was posted, then."""
        self._dispute()._accept("Not all of it was ours.", 60)
        self._price("50")
        correction = self.statement._make_correction("Ours")
        self.assertFalse(correction._rate())
        self.assertEqual(correction.line_ids.amount, -20)
        self.assertEqual(correction.line_ids.amount_waived, -10)
        correction._waive("Ours")
        self.assertEqual(correction.line_ids.amount, 0)
        self.assertEqual(correction.line_ids.amount_waived, -30)
        with self.assertRaisesRegex(UserError, "right as it is"):
            self._correct()

    def test_credits_of_a_line_and_of_its_correction_together(self):
        self._price("100")
        correction = self._correct()
        self.assertEqual(correction.amount_untaxed, 20)
        self._dispute(correction.line_ids)._accept("Yes.", 20)
        dispute = self._dispute()
        with self.assertRaisesRegex(UserError, "80"), self.env.cr.savepoint():
            dispute._accept("Yes.", 80.01)
        dispute._accept("Yes.", 80)
        documents = self.statement + self.statement.correction_ids
        self.assertEqual(sum(documents.mapped("amount_untaxed")), 0)
        self.assertEqual(
            sum(documents.move_id.mapped("amount_total_signed")),
            0,
        )

    def test_correcting_and_voiding_at_once_is_told(self):
        """Two who change the same statement meet in one row of the database."""

        def version():
            return self.env.execute_query(
                SQL(
                    "SELECT ctid::text FROM iaas_statement WHERE id = %s",
                    self.statement.id,
                )
            )

        self.env.flush_all()
        before = version()
        self._dispute()._accept("Yes.", 20)
        self.assertNotEqual(version(), before)

    def _refund(self, price_unit=None):
        """A credit note of the invoice, as accounting makes one."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(
                active_model="account.move", active_ids=self.statement.move_id.ids
            )
            .create({"journal_id": self.statement.move_id.journal_id.id})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        if price_unit:
            note.invoice_line_ids.price_unit = price_unit
        return note

    def test_void_does_not_credit_what_accounting_has_credited(self):
        invoice = self.statement.move_id
        note = self._refund(30)
        with self.assertRaisesRegex(UserError, "in draft"), self.env.cr.savepoint():
            self.statement._void("Wrong")
        note.action_post()
        self.assertEqual(note.amount_untaxed, 30)
        self.statement._void("Wrong")
        moves = invoice + note
        moves += moves.reversal_move_ids
        receivable = moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        self.assertAlmostEqual(sum(receivable.mapped("balance")), 0)
        self.assertEqual(set(receivable.mapped("reconciled")), {True})
        income = moves.line_ids.filtered(lambda line: line.account_type == "income")
        self.assertAlmostEqual(sum(income.mapped("balance")), 0)
        again = self._bill_month(2026, 1)
        self.assertEqual(again.amount_untaxed, 80)

    def test_credit_is_taxed_as_the_invoice_was(self):
        """The rate of the tax has changed since."""
        self.server.taxes_id = self.tax.copy({"name": "Sales tax 12 %", "amount": 12})
        self._dispute()._accept("Yes.", 20)
        self.assertEqual(self.statement.correction_ids.move_id.amount_total, 22)
        self._price("100")
        self.assertEqual(self._correct().move_id.amount_total, 22)
        self.assertEqual(self._bill_month(2026, 2).move_id.amount_total, 112)

    def test_documents_of_a_void_stay(self):
        """Taking back the credit note would bill the period twice."""
        invoice = self.statement.move_id
        self.statement._void("Wrong")
        for move in invoice + invoice.reversal_move_ids:
            with self.assertRaisesRegex(UserError, "void"), self.env.cr.savepoint():
                move.button_draft()
