from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestBillingSecurity(IaasBillingCommon):
    """Who may see and do what (R2)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._iaas_resource(cls.server)
        cls.billing_run = cls._run(date(2026, 1, 31))
        cls.statement = cls.billing_run.statement_ids
        cls.other_customer.sudo().iaas_verification_state = "verified"
        cls.other_contract = cls._iaas_contract(
            cls.other_customer, state="active", date_start=date(2026, 1, 1)
        )
        cls._iaas_resource(cls.server, cls.other_contract)
        cls.other_statement = cls._bill_month(2026, 1, cls.other_contract)
        cls.blocker = cls.env["iaas.billing.blocker"]._set_aside(
            cls.billing_run, cls.contract, "no reason"
        )
        cls.records = (
            cls.statement,
            cls.statement.line_ids,
            cls.billing_run,
            cls.blocker,
        )

    def test_auditor_reads_and_writes_nothing(self):
        for record in self.records:
            record = record.with_user(self.auditor)
            record.read([])
            for operation in ("write", "create", "unlink"):
                self.assertFalse(record.has_access(operation), (record, operation))

    def test_billing_user_runs_but_writes_no_statement(self):
        run = (
            self.env["iaas.billing.run"]
            .with_user(self.billing_user)
            .create({"date": date(2026, 2, 28), "contract_ids": self.contract.ids})
        )
        run.action_start()
        self.assertEqual(run.posted_count, 1)
        self.assertEqual(run.statement_ids.move_id.state, "posted")
        for record in (self.statement, self.statement.line_ids):
            record = record.with_user(self.billing_user)
            record.read([])
            for operation in ("write", "create", "unlink"):
                self.assertFalse(record.has_access(operation), (record, operation))

    def test_what_the_customer_has_in_hand_is_not_made_less(self):
        """Whoever may delete drafts deletes no line of a statement that is confirmed,
        which is billed as it was confirmed."""
        self.tier_large.write(
            {"has_statement_rules": True, "statement_confirmation": "explicit"}
        )
        statement = self._bill_month(2026, 2).with_user(self.billing_manager)
        self.assertEqual(statement.state, "sent")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            statement.line_ids.unlink()
        with self.assertRaisesRegex(UserError, "Take it back"), self.env.cr.savepoint():
            statement.unlink()
        statement.action_take_back()
        statement.unlink()
        self.assertFalse(statement.exists())

    def test_people_without_a_role_do_not_run(self):
        for user in (self.ops_user, self.sales_user):
            self.statement.with_user(user).read(["amount_untaxed"])
            with self.assertRaises(AccessError):
                self.billing_run.with_user(user).action_start()
            with self.assertRaises(AccessError):
                self.blocker.with_user(user).action_retry()
        with self.assertRaises(AccessError):
            self.statement.with_user(self.solution_engineer).read(["name"])

    def test_every_reader_opens_contract_and_invoice(self):
        for user in (
            self.solution_engineer,
            self.sales_user,
            self.ops_user,
            self.auditor,
            self.billing_user,
        ):
            with Form(self.contract.with_user(user)) as form:
                self.assertEqual(form.name, self.contract.name)
        reader = self._iaas_user("reader", "account.group_account_readonly")
        with Form(self.statement.move_id.with_user(reader)) as form:
            self.assertFalse(form.show_reset_to_draft_button)

    def test_reader_does_not_rate(self):
        for user in (self.auditor, self.sales_user):
            with self.assertRaises(AccessError):
                self.statement.with_user(user).action_rate()

    def test_solved_by_hand_is_refused(self):
        with self.assertRaises(AccessError):
            self.blocker.with_user(self.billing_manager).state = "solved"

    def test_owner_of_a_blocker_changes_with_its_activity(self):
        self.blocker.with_user(self.billing_user).user_id = self.billing_user
        self.assertEqual(self.blocker.activity_ids.user_id, self.billing_user)

    def test_company_hides_its_records_from_others(self):
        company = self.env["res.company"].create({"name": "Sister Cloud"})
        stranger = self._iaas_user(
            "stranger",
            "iaas_billing.group_iaas_billing_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        for record in self.records:
            model = record.with_user(stranger)
            self.assertFalse(model.search([("id", "in", record.ids)]), record)
            with self.assertRaises(AccessError):
                model.read(["id", "display_name", "company_id"])

    def test_portal_user_sees_own_posted_statements_only(self):
        user = self._iaas_portal_user("portal_customer", self.customer)
        draft = self.env["iaas.statement"].create(
            self.contract._prepare_statement(
                self.statement.period_end, self._utc("2026-03-01 00:00:00")
            )
        )
        draft._rate()
        self.assertTrue(draft.line_ids)
        Statement = self.env["iaas.statement"].with_user(user)
        self.assertEqual(Statement.search([]), self.statement)
        lines = self.env["iaas.statement.line"].with_user(user).search([])
        self.assertEqual(lines, self.statement.line_ids)
        self.assertIn("Price", lines[0].explanation)
        for hidden in (self.other_statement, draft):
            with self.assertRaises(AccessError):
                hidden.with_user(user).read(["name"])
            with self.assertRaises(AccessError):
                hidden.line_ids.with_user(user).read(["amount"])
        for record in (self.statement, self.statement.line_ids):
            for operation in ("write", "create", "unlink"):
                self.assertFalse(record.with_user(user).has_access(operation))
        for model in ("iaas.billing.run", "iaas.billing.blocker"):
            self.assertFalse(self.env[model].with_user(user).has_access("read"))

    def test_public_sees_nothing(self):
        public = self.env.ref("base.public_user")
        for record in self.records:
            self.assertFalse(record.with_user(public).has_access("read"))
