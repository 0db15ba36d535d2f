from datetime import date

from freezegun import freeze_time

from odoo.tests import tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestSettlementBoard(IaasBillingCommon):
    """Why each contract is not settled, whose turn it is, and how late (R65, R67)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.resource = cls._iaas_resource(cls.server)
        cls._run(date(2026, 5, 31))

    def _rows(self, user=None, contract=None):
        self.env.flush_all()
        board = self.env["iaas.settlement.board"].with_user(user or self.billing_user)
        board.invalidate_model()
        return board.search([("contract_id", "=", (contract or self.contract).id)])

    def test_period_without_a_run(self):
        row = self._rows()
        self.assertEqual((row.kind, row.user_id), ("unbilled", self.contract.user_id))
        self.assertEqual(row.date_to, date(2026, 6, 30))
        self.assertEqual((row.post_by, row.days_late), (date(2026, 7, 10), 0))
        self.assertEqual(row.amount, 80)
        self.assertEqual(row.action_open()["res_id"], self.contract.id)
        with freeze_time("2026-07-14 09:00:00"):
            self.assertEqual(self._rows().days_late, 4)

    def test_days_by_tier(self):
        tier = self.customer.iaas_tier_id
        tier.write({"has_statement_rules": True, "statement_due_days": 3})
        self.assertEqual(self._rows().post_by, date(2026, 7, 3))
        self.assertEqual(self._rows().days_late, 7)
        self._run(date(2026, 6, 30))
        statement = self.contract.statement_ids.sorted("date_from")[-1]
        self.assertEqual(statement.post_by, date(2026, 7, 3))
        self.assertEqual((statement.days_late, statement.on_time_percent), (7, 0))

    def test_set_aside(self):
        contract = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 6, 1)
        )
        self.database.iaas_price_ids.active = False
        self._iaas_resource(self.database, contract, date_start=date(2026, 6, 1))
        run = self._run(date(2026, 6, 30), contract)
        run.blocker_ids.user_id = self.billing_user
        row = self._rows(contract=contract)
        self.assertEqual((row.kind, row.user_id), ("blocked", self.billing_user))
        self.assertIn("no price", row.reason)
        self.assertEqual(row.action_open()["res_id"], run.statement_ids.id)

    def test_unconfirmed_disputed_settled(self):
        self.company.statement_confirmation = "explicit"
        statement = self._run(date(2026, 6, 30)).statement_ids
        self.assertEqual(self._rows().kind, "unconfirmed")
        dispute = self.env["iaas.statement.dispute"].create(
            {
                "statement_id": statement.id,
                "line_id": statement.line_ids[0].id,
                "reason": "We stopped it in May.",
            }
        )
        rows = self._rows().grouped("kind")
        self.assertEqual(set(rows), {"unconfirmed", "dispute"})
        self.assertEqual(rows["dispute"].reason, "We stopped it in May.")
        dispute.sudo().write({"state": "rejected"})
        statement.action_confirm()
        self.assertFalse(self._rows())
        self.assertEqual((statement.days_late, statement.on_time_percent), (0, 100))
        self.assertEqual(statement.user_id, self.contract.user_id)

    def test_grace(self):
        self.company.statement_grace_days = 20
        self._run(date(2026, 6, 30))
        self.assertEqual(self._rows().kind, "grace")

    def test_still_rented_after_the_last_day(self):
        self.contract.date_end = date(2026, 6, 30)
        self._run(date(2026, 6, 30))
        self.env["iaas.contract"]._cron_follow_term()
        row = self._rows().filtered(lambda row: row.kind == "lapsed")
        self.assertEqual((row.post_by, row.days_late), (date(2026, 6, 30), 10))

    def test_running_period_that_cannot_be_rated(self):
        """R49, R67: it is seen while there is time to mend it."""
        self._run(date(2026, 6, 30))
        self.server.iaas_price_ids.active = False
        self.env["iaas.current.usage"]._cron_refresh()
        row = self._rows()
        self.assertEqual((row.kind, row.days_late), ("unrated", 0))
        self.assertIn("no price", row.reason)
        self.assertEqual(row.date_to, date(2026, 7, 31))
        self.assertEqual(row.user_id, self.contract.user_id)
        self.assertEqual(row.action_open()["res_id"], self.contract.id)
        self.server.with_context(active_test=False).iaas_price_ids.active = True
        self.env["iaas.current.usage"]._cron_refresh()
        self.assertFalse(self._rows())

    def test_share_of_those_on_time(self):
        """The average of the posted statements is the share of those on time."""
        self.env.flush_all()
        [(share,)] = self.env["iaas.statement"]._read_group(
            [("contract_id", "=", self.contract.id), ("state", "=", "posted")],
            [],
            ["on_time_percent:avg"],
        )
        self.assertEqual(share, 0)
        self._run(date(2026, 6, 30))
        [(share,)] = self.env["iaas.statement"]._read_group(
            [("contract_id", "=", self.contract.id), ("state", "=", "posted")],
            [],
            ["on_time_percent:avg"],
        )
        self.assertAlmostEqual(share, 100 / 6)

    def test_who_sees_it(self):
        for user in (self.billing_user, self.auditor):
            self.assertTrue(self._rows(user))
        for operation in ("write", "create", "unlink"):
            self.assertFalse(
                self.env["iaas.settlement.board"]
                .with_user(self.billing_manager)
                .has_access(operation)
            )
