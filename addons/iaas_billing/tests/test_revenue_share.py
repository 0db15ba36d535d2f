from datetime import date
from decimal import Decimal

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestSharedRevenue(IaasBillingCommon):
    """R90: commission, advertising, third-party payments: a share of the revenue."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.agent = cls.env["res.partner"].create({"name": "Referrals"})
        cls.resource = cls._iaas_resource(cls.server)  # 80 a month, 88 with tax
        cls.Entry = cls.env["iaas.revenue.share.entry"]

    def _share(self, **values):
        share = self.env["iaas.contract.revenue.share"].create(
            {
                "contract_id": self.contract.id,
                "beneficiary_id": self.agent.id,
                "percent": "12.5",
                **values,
            }
        )
        share.action_approve()
        return share

    def _entered(self, share):
        entries = self.Entry.search([("share_id", "=", share.id)], order="id")
        return [(entry.base_amount, entry.amount, entry.state) for entry in entries]

    def _receive(self, move, amount):
        """Money on the bank account, reconciled with the invoice."""
        entry = self.env["account.move"].create(
            {
                "journal_id": self._bank().id,
                "date": date(2026, 7, 10),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self._bank().default_account_id.id,
                            "balance": amount,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self._receivable(move).account_id.id,
                            "partner_id": move.partner_id.id,
                            "balance": -amount,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        lines = self._receivable(move) + self._receivable(entry)
        lines.filtered(lambda line: not line.reconciled).reconcile()
        return entry

    def _bank(self):
        return self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )

    @staticmethod
    def _receivable(move):
        return move.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )

    # ------------------------------------------------------------------
    # Billed
    # ------------------------------------------------------------------

    def test_billed_once(self):
        """R90: entered with the statement, once however often it is looked at."""
        share = self._share()
        statement = self._bill_month(2026, 1)
        self.assertEqual(self._entered(share), [(80, 10, "open")])
        entry = self.Entry.search([("share_id", "=", share.id)])
        self.assertEqual(entry.statement_id, statement)
        self.assertEqual(entry.beneficiary_id, self.agent)
        self.assertExact(entry.percent, "12.5")
        self.Entry._cron_share()
        self.Entry._share(statement)
        self.assertEqual(self._entered(share), [(80, 10, "open")])
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            entry.copy()
            self.env.flush_all()

    def test_rounded_half_up_once(self):
        """R90: 80 at 0.40625 % is 0.325, which is 0.33."""
        share = self._share(percent="0.40625")
        self._bill_month(2026, 1)
        self.assertEqual(self._entered(share), [(80, 0.33, "open")])

    def test_family_and_days(self):
        """R90: of one family alone, of services that begin within the days."""
        compute = self._share(categ_id=self.compute.id)
        elsewhere = self._share(categ_id=self.eip.id)
        february = self._share(
            date_start=date(2026, 2, 1), date_end=date(2026, 2, 28), percent="1"
        )
        self._run(date(2026, 3, 31))
        self.assertEqual(self._entered(compute), [(80, 10, "open")] * 3)
        self.assertFalse(self._entered(elsewhere))
        self.assertEqual(self._entered(february), [(80, 0.8, "open")])

    def test_not_approved_or_late(self):
        """R90: a draft shares nothing; approved later it has what it is due."""
        share = self.env["iaas.contract.revenue.share"].create(
            {
                "contract_id": self.contract.id,
                "beneficiary_id": self.agent.id,
                "percent": "10",
            }
        )
        self._bill_month(2026, 1)
        self.Entry._cron_share()
        self.assertFalse(self._entered(share))
        share.action_approve()
        self.Entry._cron_share()
        self.assertEqual(self._entered(share), [(80, 8, "open")])
        share.action_withdraw()
        self.Entry._cron_share()
        self.assertEqual(
            self._entered(share), [(80, 8, "cancelled"), (-80, -8, "cancelled")]
        )

    def test_void(self):
        """R90: a voided statement takes its share back; nothing is rewritten."""
        share = self._share()
        statement = self._bill_month(2026, 1)
        self.Entry.search([("contract_id", "=", self.contract.id)]).with_user(
            self.billing_user
        ).action_create_bills()
        statement.with_user(self.billing_manager)._void("Not delivered")
        self.assertEqual(
            self._entered(share), [(80, 10, "invoiced"), (-80, -10, "open")]
        )
        self._bill_month(2026, 1)
        self.assertEqual(
            self._entered(share),
            [(80, 10, "invoiced"), (-80, -10, "open"), (80, 10, "open")],
        )

    def test_void_before_the_bill(self):
        """R90: what was not billed yet needs no bill any more."""
        share = self._share()
        statement = self._bill_month(2026, 1)
        statement.with_user(self.billing_manager)._void("Not delivered")
        self.assertEqual(
            self._entered(share), [(80, 10, "cancelled"), (-80, -10, "cancelled")]
        )
        with self.assertRaisesRegex(UserError, "Nothing of this"):
            self.Entry.search(
                [("contract_id", "=", self.contract.id)]
            ).action_create_bills()

    def test_correction(self):
        """R90: a correction has an entry of its own, of the difference."""
        share = self._share()
        statement = self._bill_month(2026, 1)
        self._iaas_price(self.server, "60", contract_id=self.contract.id)
        statement.with_user(self.billing_user).action_correct()
        correction = statement.correction_ids
        correction.with_user(self.billing_user).action_post_correction()
        self.assertEqual(correction.amount_untaxed, -20)
        self.assertEqual(self._entered(share), [(80, 10, "open"), (-20, -2.5, "open")])
        statement.with_user(self.billing_manager)._void("Not delivered")
        self.assertEqual(sum(row[1] for row in self._entered(share)), 0)

    # ------------------------------------------------------------------
    # Collected
    # ------------------------------------------------------------------

    def test_collected_in_parts(self):
        """R90: as far as the invoice is paid; all parts together are rounded once."""
        share = self._share(basis="collected", percent="33.33")
        statement = self._bill_month(2026, 1)
        self.assertFalse(self._entered(share))
        self._receive(statement.move_id, 29.33)
        self.Entry._cron_share()
        # 29.33 of 88 are 26.6636… of 80, of which 33.33 % are 8.8869…
        self.assertEqual(self._entered(share), [(26.66, 8.89, "open")])
        self.Entry._cron_share()
        last = self._receive(statement.move_id, 58.67)
        self.Entry.with_user(self.billing_user).action_refresh()
        self.assertEqual(
            self._entered(share), [(26.66, 8.89, "open"), (53.34, 17.77, "open")]
        )
        self._receivable(last).remove_move_reconcile()
        self.Entry._cron_share()
        self.assertEqual(self._entered(share)[2:], [(-53.34, -17.77, "open")])

    def test_credit_note_is_no_payment(self):
        """R90: what a credit note settles was not collected."""
        share = self._share(basis="collected")
        statement = self._bill_month(2026, 1)
        self._iaas_price(self.server, "60", contract_id=self.contract.id)
        statement.with_user(self.billing_user).action_correct()
        statement.correction_ids.with_user(self.billing_user).action_post_correction()
        self.Entry._cron_share()
        self.assertFalse(self._entered(share))
        self._receive(statement.move_id, 66)
        self.Entry._cron_share()
        self.assertEqual(self._entered(share), [(60, 7.5, "open")])

    # ------------------------------------------------------------------
    # Vendor bills
    # ------------------------------------------------------------------

    def test_vendor_bills(self):
        """R90: one draft bill per beneficiary, one line per contract."""
        self._share()
        other_contract = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 1, 1)
        )
        self._iaas_resource(self.server, other_contract)
        self._share(contract_id=other_contract.id, percent="10")
        advertiser = self.env["res.partner"].create({"name": "Advertiser"})
        self._share(beneficiary_id=advertiser.id, percent="1", purpose="advertising")
        self._run(date(2026, 2, 28), self.contract + other_contract)
        entries = self.Entry.with_user(self.billing_user).search(
            [("contract_id", "in", (self.contract + other_contract).ids)]
        )
        entries.action_create_bills()
        self.assertEqual(set(entries.mapped("state")), {"invoiced"})
        bills = entries.bill_id
        self.assertEqual(bills.partner_id, self.agent + advertiser)
        self.assertEqual(set(bills.mapped("state")), {"draft"})
        self.assertEqual(set(bills.mapped("move_type")), {"in_invoice"})
        bill = bills.filtered(lambda move: move.partner_id == self.agent)
        self.assertEqual(sorted(bill.invoice_line_ids.mapped("price_unit")), [16, 20])
        self.assertIn(self.contract.name, "".join(bill.invoice_line_ids.mapped("name")))
        with self.assertRaisesRegex(UserError, "Nothing of this"):
            entries.action_create_bills()

    def test_bill_taken_back(self):
        """R90: a bill that is cancelled or deleted frees its entries, and is not
        brought back beside a new one."""
        share = self._share()
        self._bill_month(2026, 1)
        entry = self.Entry.search([("share_id", "=", share.id)])
        entry = entry.with_user(self.billing_user)
        entry.action_create_bills()
        first = entry.bill_id
        first.button_cancel()
        self.assertEqual((entry.state, entry.bill_id.id), ("open", False))
        with self.assertRaisesRegex(UserError, "make a new bill"):
            first.button_draft()
        entry.action_create_bills()
        self.assertNotEqual(entry.bill_id, first)
        entry.bill_id.unlink()
        self.assertEqual(entry.state, "open")
        entry.action_create_bills()
        entry.bill_id.action_post()
        self.assertEqual(entry.state, "invoiced")
        entry.bill_id.button_draft()
        self.assertEqual(entry.state, "invoiced")

    def test_more_taken_back_than_came(self):
        """R90: that is a vendor credit note."""
        self._share()
        statement = self._bill_month(2026, 1)
        self.Entry.search(
            [("contract_id", "=", self.contract.id)]
        ).action_create_bills()
        statement.with_user(self.billing_manager)._void("Not delivered")
        entry = self.Entry.search([("state", "=", "open")])
        entry.action_create_bills()
        self.assertEqual(entry.bill_id.move_type, "in_refund")
        self.assertEqual(entry.bill_id.amount_untaxed, 10)

    # ------------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------------

    def test_roles(self):
        """R90: entries are read by finance and auditors and written by nobody."""
        share = self._share()
        self._bill_month(2026, 1)
        entry = self.Entry.search([("share_id", "=", share.id)])
        accountant = self._iaas_user("accountant", "account.group_account_invoice")
        readers = (self.billing_user, self.billing_manager, accountant, self.auditor)
        for user in (*readers, self.ops_manager):
            own = entry.with_user(user)
            self.assertEqual(own.amount, 10)
            for change in (
                lambda own=own: own.write({"amount": 1000}),
                lambda own=own: own.write({"state": "open"}),
                own.unlink,
                own.copy,
            ):
                with self.assertRaises(AccessError):
                    change()
        for user in (self.auditor, self.ops_manager):
            for action in ("action_create_bills", "action_refresh"):
                with self.assertRaisesRegex(AccessError, "Only billing"):
                    getattr(entry.with_user(user), action)()
        portal = self._iaas_portal_user("curious", self.customer)
        for user in (portal, self.sales_user, self.ops_user):
            with self.assertRaises(AccessError):
                entry.with_user(user).read(["amount"])

    def test_company_rule(self):
        """R90: no company sees what another shares."""
        share = self._share()
        self._bill_month(2026, 1)
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._iaas_user(
            "stranger",
            "iaas_billing.group_iaas_billing_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        for record in (
            share,
            self.Entry.search([("contract_id", "=", self.contract.id)]),
        ):
            own = record.with_user(stranger)
            self.assertFalse(own.search([]))
            with self.assertRaises(AccessError):
                own.read(["percent"])
        self.assertEqual(Decimal("12.5"), share.percent)
