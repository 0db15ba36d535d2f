from datetime import date
from decimal import Decimal
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from .common import IaasBillingCommon

RUN = "odoo.addons.iaas_billing.models.iaas_billing_run_queue"


class Interrupted(BaseException):
    """The process is killed: nothing in the run may catch it."""


@tagged("post_install", "-at_install")
class TestBillingRun(CronMixinCase, IaasBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_resource = cls._iaas_resource(cls.server)
        cls.traffic_resource = cls._iaas_resource(cls.traffic)
        cls._use(cls.traffic_resource, ("2026-01-31 23:59:59.999999", "100"))
        cls.other_customer.sudo().iaas_verification_state = "verified"
        cls.other_contract = cls._iaas_contract(
            cls.other_customer, state="active", date_start=date(2026, 1, 1)
        )
        cls.other_resource = cls._iaas_resource(cls.server, cls.other_contract)
        cls.contracts = cls.contract + cls.other_contract

    def _state_of_books(self):
        """What may not change when a run is repeated."""
        statements = self.contracts.statement_ids
        return sorted(
            (
                statement.id,
                statement.state,
                statement.amount_untaxed,
                statement.usage_hash,
                statement.move_id.id,
                statement.move_id.state,
                statement.move_id.amount_total,
                tuple(statement.line_ids.mapped("amount_exact")),
            )
            for statement in statements
        )

    def test_usage_to_reconciled_payment(self):
        """From the events to the paid invoice (R64, R65, R66)."""
        statement = self._bill_month(2026, 1)
        self.assertEqual(statement.state, "posted")
        self.assertEqual(statement.amount_untaxed, 88.5)
        move = statement.move_id
        self.assertEqual((move.state, move.move_type), ("posted", "out_invoice"))
        self.assertEqual(move.amount_untaxed, 88.5)
        self.assertEqual(move.amount_total, 97.35)
        self.assertEqual(move.invoice_origin, statement.name)
        self.assertEqual(move.iaas_statement_id, statement)
        self.assertEqual(
            sorted(move.invoice_line_ids.mapped("price_subtotal")), [8.5, 80.0]
        )
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({})._create_payments()
        self.assertIn(move.payment_state, ("paid", "in_payment"))
        receivable = move.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        self.assertTrue(receivable.reconciled)
        self.assertEqual(move.amount_residual, 0)
        self.assertEqual(statement.payment_state, move.payment_state)

    def test_run_repeated_changes_nothing(self):
        run = self._run(date(2026, 3, 31), self.contracts)
        self.assertEqual((run.state, run.progress), ("done", 100))
        self.assertEqual(run.statement_count, 6)
        books = self._state_of_books()
        run.action_start()
        again = self._run(date(2026, 3, 31), self.contracts)
        self.assertEqual(again.state, "done")
        self.assertFalse(again.statement_ids)
        self.assertEqual(self._state_of_books(), books)

    def test_interrupted_run_resumes_without_doubles(self):
        """Killed between and inside batches: one statement and one invoice per
        contract and period in the end, with the amounts of an undisturbed run."""
        run = self.env["iaas.billing.run"].create(
            {"date": date(2026, 3, 31), "contract_ids": self.contracts.ids}
        )
        with patch.object(self.env.registry["iaas.billing.run"], "_process_batch"):
            run.action_start()
        self.assertEqual((run.state, run.posted_count), ("running", 0))
        self.assertEqual(run._process_batch(limit=2), 2)
        self.assertEqual((run.state, run.posted_count), ("running", 2))
        Statement = self.env.registry["iaas.statement"]
        posted = Statement._post

        def killed(statements):
            posted(statements)
            raise Interrupted

        with (
            patch.object(Statement, "_post", killed),
            self.assertRaises(Interrupted),
            self.env.cr.savepoint(),
        ):
            run._process_batch(limit=2)
        self.env.invalidate_all()
        self.assertEqual((run.state, run.posted_count), ("running", 2))
        run.action_start()
        self.assertEqual((run.state, run.posted_count), ("done", 6))
        self.assertEqual(run.statement_count, 6)
        statements = self.contracts.statement_ids
        self.assertEqual(len(statements.move_id), 6)
        self.assertEqual(
            self.env["account.move"].search_count(
                [("iaas_statement_id", "in", statements.ids)]
            ),
            6,
        )
        amounts = {
            (statement.contract_id, statement.date_from.month): statement.amount_untaxed
            for statement in statements
        }
        self.assertEqual(
            amounts,
            {
                (contract, month): 80
                for contract in self.contracts
                for month in (1, 2, 3)
            }
            | {(self.contract, 1): 88.5},
        )

    def test_cron_goes_on_in_committed_batches(self):
        run = self.env["iaas.billing.run"].create(
            {"date": date(2026, 3, 31), "contract_ids": self.contracts.ids}
        )
        cron = self.env.ref("iaas_billing.ir_cron_billing_run")
        with (
            patch.object(self.env.registry["iaas.billing.run"], "_process_batch"),
            self.capture_triggers(cron.id) as triggers,
        ):
            run.action_start()
        self.assertEqual(len(triggers.records), 1)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((run.state, run.posted_count), ("done", 6))

    def test_failing_contract_is_set_aside_and_the_rest_billed(self):
        """R67: one blocker with reason and owner; retry bills all its periods."""
        self._iaas_price(
            self.database, "1", contract_id=self.contract.id
        )  # only this contract has a price
        self.database.iaas_price_ids.filtered(
            lambda price: not price.contract_id
        ).active = False
        self._iaas_resource(self.database, self.other_contract)
        run = self._run(date(2026, 2, 28), self.contracts)
        self.assertEqual(run.state, "done")
        self.assertEqual((run.statement_count, run.posted_count), (4, 2))
        self.assertEqual(self.contract.statement_ids.mapped("state"), ["posted"] * 2)
        blocker = run.blocker_ids
        self.assertEqual(blocker.contract_id, self.other_contract)
        self.assertEqual(blocker.user_id, self.other_contract.user_id)
        self.assertEqual(blocker.activity_ids.user_id, blocker.user_id)
        self.assertEqual(blocker.activity_ids.date_deadline, date(2026, 7, 12))
        self.assertIn("Database has no price", blocker.reason)
        self.assertEqual(self.other_contract.open_blocker_count, 1)
        # Whoever opens the statement reads there why it waits.
        statement = blocker.statement_id.with_user(self.billing_user)
        self.assertEqual(statement.held_reason, blocker.reason)
        self.assertFalse(self.other_contract.statement_ids.move_id)
        # Still without a price: the same blocker stays.
        blocker.with_user(self.billing_user).action_retry()
        self.assertEqual(blocker.state, "open")
        self.assertEqual(self.other_contract.billing_blocker_ids, blocker)
        self._iaas_price(self.database, "120", contract_id=self.other_contract.id)
        blocker.with_user(self.billing_user).action_retry()
        self.assertEqual(blocker.state, "solved")
        self.assertFalse(blocker.activity_ids)
        self.assertFalse(statement.held_reason)
        self.assertEqual(run.progress, 100)
        self.assertEqual(
            self.other_contract.statement_ids.mapped("amount_untaxed"), [200.0] * 2
        )

    def test_error_in_accounting_spares_the_other_contracts(self):
        """A tax inside the price would make invoice and statement differ."""
        included = self.tax.copy(
            {"name": "Included", "price_include_override": "tax_included"}
        )
        self.database.taxes_id = included
        self._iaas_resource(self.database, self.other_contract)
        run = self._run(date(2026, 1, 31), self.contracts)
        self.assertEqual(self.contract.statement_ids.state, "posted")
        self.assertEqual(self.other_contract.statement_ids.state, "draft")
        self.assertIn("not included in the price", run.blocker_ids.reason)
        self.assertFalse(self.other_contract.statement_ids.move_id)

    def test_defect_in_one_contract_spares_the_others(self):
        Statement = self.env.registry["iaas.statement"]
        prepare = Statement._prepare_invoice

        def broken(statement):
            if statement.contract_id == self.other_contract:
                raise KeyError("broken")
            return prepare(statement)

        with (
            patch.object(Statement, "_prepare_invoice", broken),
            mute_logger(RUN),
        ):
            run = self._run(date(2026, 1, 31), self.contracts)
        self.assertEqual(self.contract.statement_ids.state, "posted")
        self.assertIn("KeyError", run.blocker_ids.reason)
        # The next run gives the contract a new chance.
        again = self._run(date(2026, 1, 31), self.contracts)
        self.assertEqual(self.other_contract.statement_ids.run_id, again)
        self.assertEqual(self.other_contract.statement_ids.state, "posted")
        self.assertEqual(run.blocker_ids.state, "solved")

    def test_one_bad_contract_does_not_cost_a_settlement_each(self):
        """What fails is found by halves, and what can be foreseen is not tried."""
        contracts = self.contracts
        for _number in range(6):
            contracts += self._iaas_contract(
                self.other_customer, state="active", date_start=date(2026, 1, 1)
            )
        for contract in contracts[2:]:
            self._iaas_resource(self.server, contract)
        Statement = self.env.registry["iaas.statement"]
        settle, make = Statement._settle, Statement._invoice
        sizes, bad = [], contracts[5]

        def counted(statements):
            sizes.append(len(statements))
            return settle(statements)

        def broken(statements, invoices):
            if bad in statements.contract_id:
                raise ValueError("the invoice is refused")
            return make(statements, invoices)

        with (
            patch.object(Statement, "_settle", counted),
            patch.object(Statement, "_invoice", broken),
        ):
            run = self._run(date(2026, 1, 31), contracts)
        self.assertEqual(sizes, [8, 4, 4, 2, 1, 1, 2])
        self.assertEqual((run.posted_count, run.blocker_ids.contract_id), (7, bad))
        included = self.tax.copy(
            {"name": "Included", "price_include_override": "tax_included"}
        )
        self.database.taxes_id = included
        self._iaas_resource(self.database, bad)
        sizes.clear()
        with patch.object(Statement, "_settle", counted):
            run = self._run(date(2026, 1, 31), contracts)
        self.assertEqual(sizes, [1])
        self.assertIn("not included in the price", bad.billing_blocker_ids.reason)
        self.assertFalse(bad.statement_ids.move_id)

    def test_only_elapsed_periods_are_due(self):
        with self.assertRaisesRegex(UserError, "not over yet"):
            self._run(date(2026, 7, 10))
        run = self._run(date(2026, 7, 9))
        self.assertEqual(run.statement_count, 6)
        self.assertEqual(self.contract.next_billing_date, date(2026, 8, 1))

    def test_period_is_over_where_the_contract_is(self):
        """At 09:00 UTC the 10th has begun everywhere but the last day of a contract
        in the far west is still running."""
        self.other_contract.write(
            {"timezone": "Pacific/Midway", "date_end": date(2026, 7, 9)}
        )
        self._run(date(2026, 7, 9), self.other_contract)
        last = max(self.other_contract.statement_ids.mapped("date_to"))
        self.assertEqual(last, date(2026, 6, 30))

    def test_contracts_to_bill(self):
        domain = [
            ("id", "in", self.contracts.ids),
            ("next_billing_date", "<=", fields.Date.today()),
        ]
        self.assertEqual(self.env["iaas.contract"].search(domain), self.contracts)
        self.contract.with_user(self.billing_user).action_bill()
        self.assertEqual(self.env["iaas.contract"].search(domain), self.other_contract)
        self.assertEqual(self.contract.statement_count, 6)

    def test_run_is_prepared_for_its_responsible(self):
        """R1: one item with an owner and a due date, once."""
        Run = self.env["iaas.billing.run"]
        Run.search([]).unlink()
        Run._cron_prepare()
        Run._cron_prepare()
        run = Run.search([("company_id", "=", self.company.id)])
        self.assertEqual((len(run), run.state), (1, "draft"))
        self.assertEqual(run.date, date(2026, 7, 9))
        self.assertEqual(run.activity_ids.user_id, run.user_id)
        self.assertTrue(
            run.user_id.has_group("iaas_billing.group_iaas_billing_manager")
        )
        run.user_id = self.billing_user
        run.action_start()
        self.assertEqual(run.state, "done")
        self.assertFalse(run.activity_ids)
        Run._cron_prepare()
        self.assertEqual(Run.search([("company_id", "=", self.company.id)]), run)
        with freeze_time("2026-08-01 09:00:00"):
            Run._cron_prepare()
        following = Run.search([("company_id", "=", self.company.id)]) - run
        self.assertEqual(following.user_id, self.billing_user)
        self.assertEqual(following.date, date(2026, 7, 31))

    def test_proposed_day_takes_in_contracts_with_an_anchor_day(self):
        """R67: their periods end within a month."""
        contract = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 6, 5), anchor_day=5
        )
        run = self.env["iaas.billing.run"].create({})
        self.assertEqual(run.date, date(2026, 7, 9))
        self.assertEqual(run.display_name, "Billing until Jul 9, 2026")
        run.action_start()
        self.assertEqual(contract.statement_ids.date_to, date(2026, 7, 4))

    def test_terminated_contract_is_billed_to_its_last_day(self):
        self.contract._terminate(date(2026, 2, 14), "closes down")
        self._run(date(2026, 6, 30))
        january, february = self.contract.statement_ids.sorted("date_from")
        self.assertEqual(february.date_to, date(2026, 2, 14))
        self.assertEqual(february.line_ids.amount_exact, Decimal(40))
        self.assertFalse(self.contract.next_billing_date)

    def test_prepaid_contract_is_settled_by_what_was_paid_ahead(self):
        self.contract.settlement_mode = "prepaid"
        top_up = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.contract.partner_id.id,
                "amount": 500,
                "date": date(2026, 1, 5),
            }
        )
        top_up.action_post()
        statement = self._bill_month(2026, 1)
        self.assertEqual(statement.amount_untaxed, 88.5)
        invoice = statement.move_id
        self.assertEqual(invoice.state, "posted")
        credit = top_up.move_id.line_ids.filtered("credit")
        invoice.js_assign_outstanding_line(credit.id)
        self.assertEqual(invoice.amount_residual, 0)

    def test_nothing_to_pay_gives_no_invoice(self):
        (self.server_resource + self.traffic_resource).date_end = date(2026, 1, 31)
        statement = self._bill_month(2026, 2)
        self.assertEqual((statement.state, statement.amount_untaxed), ("posted", 0))
        self.assertFalse(statement.move_id)

    def test_draft_of_a_changed_contract_is_dropped(self):
        run = self.env["iaas.billing.run"].create(
            {"date": date(2026, 3, 31), "contract_ids": self.contract.ids}
        )
        run._elevated()._collect_statements()
        self.contract.cycle = "quarter"
        run.action_start()
        self.assertEqual(len(self.contract.statement_ids), 1)
        self.assertEqual(self.contract.statement_ids.date_to, date(2026, 3, 31))

    def test_contract_of_another_running_run_is_left_to_it(self):
        run = self.env["iaas.billing.run"].create(
            {"date": date(2026, 1, 31), "contract_ids": self.contract.ids}
        )
        with patch.object(self.env.registry["iaas.billing.run"], "_process_batch"):
            run.action_start()
        other = self._run(date(2026, 2, 28))
        self.assertFalse(other.statement_ids)
        run.action_start()
        self.assertEqual(run.posted_count, 1)

    def test_database_refuses_a_second_statement_of_a_period(self):
        statement = self._bill_month(2026, 1)
        values = self.contract._prepare_statement(
            statement.period_start, statement.period_end
        )
        for end in (statement.period_end, self._utc("2026-01-15 00:00:00")):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.env["iaas.statement"].create(values | {"period_end": end})

    def test_posted_statement_never_changes(self):
        statement = self._bill_month(2026, 1)
        for change in (
            lambda: statement.write({"amount_untaxed": 1}),
            lambda: statement.unlink(),
            lambda: statement.line_ids[0].write({"amount": 1}),
            lambda: statement.line_ids[0].unlink(),
            lambda: statement.line_ids[0].copy({"segment_start": date(2026, 1, 2)}),
            lambda: statement.move_id.button_draft(),
            lambda: statement.move_id.button_cancel(),
            lambda: statement.move_id.write({"state": "draft"}),
            lambda: statement.move_id.unlink(),
            lambda: statement.run_id.unlink(),
            lambda: self.server.iaas_price_ids.write({"unit_price": "1"}),
            lambda: self.server.iaas_price_ids.tier_ids.create(
                {"price_id": self.server.iaas_price_ids.id, "unit_price": "1"}
            ),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()
        self.server.iaas_price_ids.date_end = date(2026, 12, 31)

    def test_invoice_is_corrected_by_a_credit_note(self):
        statement = self._bill_month(2026, 1)
        credit = statement.move_id._reverse_moves()
        credit.action_post()
        self.assertFalse(credit.iaas_statement_id)
        self.assertEqual(statement.state, "posted")

    def test_status_follows_from_work_only(self):
        Run = self.env["iaas.billing.run"].with_user(self.billing_manager)
        with self.assertRaisesRegex(UserError, "by hand"):
            Run.create({"date": date(2026, 1, 31), "state": "done"})
        run = Run.create({"date": date(2026, 1, 31)})
        with self.assertRaisesRegex(UserError, "by hand"):
            run.state = "done"

    def test_deleted_run_leaves_no_work_behind(self):
        """Its blockers, their activities and its drafts go with it (R1, R67)."""
        self.server.iaas_price_ids.active = False
        run = self._run(date(2026, 1, 31), self.contracts)
        self.assertEqual(len(run.blocker_ids.activity_ids), 2)
        activities, statements = run.blocker_ids.activity_ids, run.statement_ids
        self.assertEqual(statements.mapped("is_held"), [True] * 2)
        run.with_user(self.billing_manager).unlink()
        self.assertFalse(activities.exists())
        self.assertFalse(statements.exists())
        self.server.with_context(active_test=False).iaas_price_ids.active = True
        self.assertEqual(self._run(date(2026, 1, 31), self.contracts).posted_count, 2)


@tagged("post_install", "-at_install")
class TestOverlappingContracts(IaasBillingCommon):
    def test_what_is_rented_is_billed_once(self):
        """Two contracts of one customer at a time: each bills what is rented under
        it, and what that used."""
        other = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 1, 1)
        )
        self._iaas_resource(self.server)
        self._use(self._iaas_resource(self.traffic), ("2026-01-10 00:00:00", "100"))
        self._iaas_resource(self.disk, other, quantity=100)
        run = self._run(date(2026, 1, 31), self.contract + other)
        billed = {
            statement.contract_id: statement.amount_untaxed
            for statement in run.statement_ids
        }
        self.assertEqual(billed, {self.contract: 88.5, other: 5})
        lines = run.statement_ids.line_ids
        self.assertEqual(len(lines.resource_id), len(lines))
