from datetime import date, timedelta

from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged

from .common import IaasBillingCommon

TODAY = date(2026, 7, 10)


@tagged("post_install", "-at_install")
class TestPaymentPromise(IaasBillingCommon):
    """R38, R66: who promised to pay what by when, and whether it did."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.customer.user_id = cls.sales_user
        cls._iaas_resource(cls.server)
        cls.statement = cls._bill_month(2026, 1, invoice_date=date(2026, 2, 1))
        cls.invoice = cls.statement.move_id  # 88 with tax
        cls.other_invoice = cls._bill_month(
            2026, 2, invoice_date=date(2026, 3, 1)
        ).move_id

    def _promise(self, user=None, **values):
        return (
            self.env["iaas.payment.promise"]
            .with_user(user or self.billing_user)
            .create(
                {
                    "partner_id": self.customer.id,
                    "amount": 88,
                    "date_promised": date(2026, 7, 15),
                    **values,
                }
            )
        )

    def _pay(self, move, day, amount=None):
        values = {"payment_date": day} | ({"amount": amount} if amount else {})
        register = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(values)
        )
        return register._create_payments()

    def _decide(self, day):
        with freeze_time(f"{day} 05:00:00"):
            self.env["iaas.payment.promise"]._cron_decide()

    def test_noted_on_the_invoice(self):
        """The button knows customer, invoice, amount and currency."""
        action = self.invoice.with_user(self.billing_user).action_note_iaas_promise()
        form = Form(
            self.env["iaas.payment.promise"]
            .with_user(self.billing_user)
            .with_context(**action["context"])
        )
        self.assertEqual(form.amount, 88)
        form.date_promised = date(2026, 7, 15)
        form.note = "By telephone"
        promise = form.save()
        self.assertEqual(promise.partner_id, self.customer)
        self.assertEqual(promise.invoice_ids, self.invoice)
        self.assertEqual(promise.user_id, self.billing_user)
        self.assertEqual(promise.date_noted, TODAY)
        self.assertEqual(promise.state, "open")
        self.assertEqual(self.invoice.iaas_promise_count, 1)
        found = self.invoice.action_view_iaas_promises()
        self.assertEqual(
            self.env["iaas.payment.promise"].search(found["domain"]), promise
        )

    def test_noted_on_the_customer(self):
        """Of a contact it is the promise of the company; a second one is a list."""
        contact = self.contact.with_user(self.sales_user)
        action = contact.action_view_iaas_promises()
        self.assertEqual(action["view_mode"], "form")
        self.assertEqual(action["context"]["default_partner_id"], self.customer.id)
        self.assertEqual(action["context"]["default_contact_id"], self.contact.id)
        promise = self._promise(self.sales_user)
        self.contact.invalidate_recordset()
        self.assertEqual(contact.iaas_promise_count, 1)
        action = contact.action_view_iaas_promises()
        self.assertEqual(
            self.env["iaas.payment.promise"].search(action["domain"]), promise
        )

    def test_kept(self):
        """As soon as the amount is paid, in parts as well."""
        promise = self._promise(invoice_ids=self.invoice.ids)
        self._pay(self.invoice, date(2026, 7, 12), 50)
        self._decide("2026-07-13")
        self.assertEqual((promise.state, promise.amount_paid), ("open", 50))
        self._pay(self.invoice, date(2026, 7, 15), 38)
        self._decide("2026-07-16")
        self.assertEqual((promise.state, promise.amount_paid), ("kept", 88))
        self.assertFalse(promise.activity_ids)

    def test_broken(self):
        """The day after; whoever looks after the customer is told."""
        promise = self._promise(invoice_ids=self.invoice.ids)
        self._pay(self.invoice, date(2026, 7, 14), 10)
        self._decide("2026-07-15")
        self.assertEqual(promise.state, "open")
        self._decide("2026-07-16")
        self.assertEqual((promise.state, promise.amount_paid), ("broken", 10))
        self.assertEqual(promise.date_decided, date(2026, 7, 16))
        self.assertEqual(promise.activity_ids.user_id, self.sales_user)
        self.assertIn("10.00", promise.activity_ids.note)
        self._pay(self.invoice, date(2026, 7, 17))
        self._decide("2026-07-18")
        self.assertEqual(promise.state, "broken", "paid too late")

    def test_payment_that_was_entered_late(self):
        """The day of the payment counts, not that on which it was entered; one that
        is taken back no longer does."""
        promise = self._promise(invoice_ids=self.invoice.ids)
        self._decide("2026-07-16")
        self.assertEqual(promise.state, "broken")
        self._pay(self.invoice, date(2026, 7, 15))
        self._decide("2026-07-20")
        self.assertEqual(promise.state, "kept")
        self.assertFalse(promise.activity_ids)
        self.invoice.line_ids.remove_move_reconcile()
        self._decide("2026-07-21")
        self.assertEqual(promise.state, "broken")

    def test_other_invoice_does_not_count(self):
        promise = self._promise(invoice_ids=self.invoice.ids)
        self._pay(self.other_invoice, date(2026, 7, 12))
        self._decide("2026-07-16")
        self.assertEqual(promise.state, "broken")

    def test_what_was_paid_before_does_not_count(self):
        self._pay(self.invoice, date(2026, 7, 9))
        promise = self._promise()
        self._decide("2026-07-16")
        self.assertEqual((promise.state, promise.amount_paid), ("broken", 0))

    def test_a_payment_counts_once(self):
        """For the promise that is due first; one that names the invoice comes before
        one that does not."""
        first, second = self._promise(), self._promise(date_promised=date(2026, 7, 20))
        self._pay(self.invoice, date(2026, 7, 12))
        self._decide("2026-07-25")
        self.assertEqual((first.state, second.state), ("kept", "broken"))
        named = self._promise(
            invoice_ids=self.other_invoice.ids, date_promised=date(2026, 7, 20)
        )
        self._pay(self.other_invoice, date(2026, 7, 18))
        self._decide("2026-07-25")
        self.assertEqual((named.state, second.state), ("kept", "broken"))

    def test_credit_note_is_no_payment_but_settles(self):
        """Nothing is left to pay of the invoice; any other promise is still open."""
        named = self._promise(invoice_ids=self.invoice.ids)
        general = self._promise()
        with freeze_time("2026-07-12 09:00:00"):
            self.statement.with_user(self.billing_manager)._void("Not delivered")
        self._decide("2026-07-16")
        self.assertEqual((named.state, named.amount_paid), ("kept", 0))
        self.assertEqual(general.state, "broken")

    def test_another_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "name": date(2026, 1, 1),
                "currency_id": euro.id,
                "company_id": self.company.id,
                "rate": 0.5,
            }
        )
        promise = self._promise(currency_id=euro.id, amount=44)
        self.assertEqual(promise.amount_company, 88)
        self._pay(self.invoice, date(2026, 7, 12))
        self._decide("2026-07-13")
        self.assertEqual((promise.state, promise.amount_paid), ("kept", 44))

    def test_stays_on_record(self):
        """Nobody decides by hand, rewrites or deletes what was decided."""
        manager = self.billing_manager
        promise = self._promise(manager)
        for values in ({"state": "kept"}, {"amount_paid": 88}):
            with self.assertRaisesRegex(UserError, "not set by hand"):
                promise.write(values)
        promise.date_promised = date(2026, 7, 12)
        self._decide("2026-07-13")
        with freeze_time("2026-07-13 09:00:00"):
            for values in ({"date_promised": date(2026, 7, 30)}, {"amount": 1}):
                with self.assertRaisesRegex(UserError, "Note a new promise"):
                    promise.write(values)
        promise.note = "Called again"
        with self.assertRaisesRegex(UserError, "stays on record"):
            promise.unlink()
        self._promise(manager).unlink()

    def test_checked(self):
        with self.assertRaisesRegex(ValidationError, "is a contact"):
            self._promise(partner_id=self.contact.id)
        with self.assertRaisesRegex(ValidationError, "is no invoice of"):
            self._promise(
                partner_id=self.other_customer.id, invoice_ids=self.invoice.ids
            )

    def test_roles(self):
        promise = self._promise(self.ops_user)
        for user in (self.sales_user, self.billing_user, self.ops_user):
            promise.with_user(user).note = user.name
            with self.assertRaises(AccessError):
                promise.with_user(user).unlink()
        self.assertTrue(promise.with_user(self.auditor).amount)
        for user in (self.auditor, self._iaas_user("plain", "base.group_user")):
            with self.assertRaises(AccessError):
                promise.with_user(user).write({"note": "Mine"})
            with self.assertRaises(AccessError):
                self._promise(user)
        portal = self._iaas_portal_user("payer", self.customer)
        with self.assertRaises(AccessError):
            promise.with_user(portal).read(["amount"])

    def test_operations_open_promises_without_reading_invoices(self):
        """R66: who looks after the customer need not be allowed to see invoices."""
        own = self._promise(invoice_ids=self.invoice.ids).with_user(self.ops_user)
        self.assertNotIn("invoice_ids", own.fields_get())
        for view_type in ("list", "form"):
            nodes = etree.fromstring(own.get_view(view_type=view_type)["arch"])
            names = {node.get("name") for node in nodes.iter("field")}
            self.assertEqual(own.web_read(dict.fromkeys(names, {}))[0]["id"], own.id)
        own.note = "Called again."

    def test_company_rule(self):
        promise = self._promise()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._iaas_user(
            "stranger",
            "iaas_billing.group_iaas_billing_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        own = self.env["iaas.payment.promise"].with_user(stranger)
        self.assertFalse(own.search([]))
        with self.assertRaises(AccessError):
            own.browse(promise.id).read(["amount"])

    # ------------------------------------------------------------------
    # Review sheet
    # ------------------------------------------------------------------

    def _break(self, *days):
        promises = self.env["iaas.payment.promise"]
        for day in days:
            promises += promises.create(
                {
                    "partner_id": self.customer.id,
                    "amount": 1000,
                    "date_noted": day - timedelta(days=1),
                    "date_promised": day,
                }
            )
        promises._decide(TODAY)
        self.assertEqual(set(promises.mapped("state")), {"broken"})

    def _sheet(self, contract=None):
        Review = self.env["iaas.contract.review"].with_user(self.billing_user)
        action = Review._open((contract or self.contract).with_user(self.billing_user))
        return Review.browse(action["res_id"])

    def test_review_sheet(self):
        """R38: broken promises of 12 months propose safer terms, with the reason."""
        self._break(date(2025, 7, 10))
        sheet = self._sheet()
        self.assertEqual(sheet.broken_promise_count, 0)
        self.assertNotIn("promise", sheet.proposal or "")
        self._break(date(2026, 7, 1))
        sheet = self._sheet()
        self.assertEqual(sheet.broken_promise_count, 1)
        self.assertEqual(sheet.broken_promise_amount, 1000)
        self.assertIn("A deposit: a promise to pay $\xa01,000.00", sheet.proposal)
        quarterly = self._iaas_contract(self.customer, cycle="quarter")
        self.assertIn("Monthly settlement: a promise", self._sheet(quarterly).proposal)
        self._break(date(2026, 7, 2))
        sheet = self._sheet()
        self.assertEqual(sheet.broken_promise_count, 2)
        self.assertIn(
            "Prepaid, or fees due before the service: 2 promises", sheet.proposal
        )
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "iaas_contract.report_contract_review", sheet.ids
        )
        self.assertIn("Broken promises to pay", html.decode())
