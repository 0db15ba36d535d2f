from datetime import date, datetime

from freezegun import freeze_time

from odoo.tests import tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestRenewal(IaasBillingCommon):
    """R45: what is rented goes on under the renewal; each day is billed once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.resource = cls._iaas_resource(cls.server, quantity=3)
        cls.metered = cls._iaas_resource(cls.traffic)
        cls._use(
            cls.metered,
            ("2026-06-30 23:59:59", 1000),
            ("2026-07-01 00:00:00", 2000),
        )
        cls.contract.date_end = date(2026, 6, 30)
        with freeze_time("2026-06-10 09:00:00"):
            cls.contract._follow_term()
            cls.renewal = cls.contract.renewed_by_id
            cls.renewal.action_send()
            cls.renewal._sign("Mei Tanaka", date(2026, 6, 10))

    def _bill(self, day, contracts):
        with freeze_time(f"{day} 09:00:00"):
            yesterday = date.fromordinal(date.fromisoformat(day).toordinal() - 1)
            return self._run(yesterday, contracts)

    def test_last_bill_then_first_bill(self):
        with freeze_time("2026-07-01 09:00:00"):
            (self.renewal + self.contract)._follow_term()
        self.assertEqual(self.contract.state, "renewed")
        self.assertEqual(self.renewal.state, "active")
        self.assertEqual(self.resource.contract_id, self.contract)
        self._bill("2026-07-02", self.contract)
        with freeze_time("2026-07-03 09:00:00"):
            self.renewal._follow_term()
        self.assertEqual((self.resource + self.metered).contract_id, self.renewal)
        self._bill("2026-08-02", self.renewal)
        june = self.contract.statement_ids.filtered(
            lambda statement: statement.date_from == date(2026, 6, 1)
        )
        july = self.renewal.statement_ids
        self.assertEqual(july.date_from, date(2026, 7, 1))
        self.assertExact(self._amounts(june)[self.server, date(2026, 6, 1)], "240")
        self.assertExact(self._amounts(june)[self.traffic, date(2026, 6, 1)], "85")
        self.assertExact(self._amounts(july)[self.server, date(2026, 7, 1)], "240")
        self.assertExact(self._amounts(july)[self.traffic, date(2026, 7, 1)], "170")
        events = self.env["iaas.usage.event"].search(june.action_view_usage()["domain"])
        self.assertEqual(events.mapped("value"), [1000])

    def test_renewal_waits_for_the_last_bill(self):
        with freeze_time("2026-07-01 09:00:00"):
            (self.renewal + self.contract)._follow_term()
        run = self._bill("2026-08-02", self.renewal)
        self.assertIn(self.contract.name, run.blocker_ids.reason)
        self.assertFalse(
            self.renewal.statement_ids.filtered(lambda s: s.state == "posted")
        )
        self._bill("2026-08-02", self.contract)
        with freeze_time("2026-08-02 09:00:00"):
            run.blocker_ids.action_retry()
        statement = self.renewal.statement_ids
        self.assertEqual(statement.state, "posted")
        self.assertExact(self._amounts(statement)[self.server, date(2026, 7, 1)], "240")

    def test_nothing_moves_before_the_renewal_is_in_force(self):
        self._bill("2026-07-02", self.contract)
        self.assertTrue(self.renewal._take_over_resources())
        self.assertEqual(self.resource.contract_id, self.contract)


@tagged("post_install", "-at_install")
class TestRenewalInAdvance(IaasBillingCommon):
    """R45, R92: the renewal is billed in advance once what is rented has come over."""

    def test_advance_of_the_renewal(self):
        self.contract.write(
            {
                "date_start": date(2026, 5, 1),
                "date_end": date(2026, 6, 30),
                "billing_timing": "before",
            }
        )
        self._iaas_resource(self.server, date_start=date(2026, 5, 1))
        with freeze_time("2026-06-10 09:00:00"):
            self.contract._follow_term()
            renewal = self.contract.renewed_by_id
            renewal.action_send()
            renewal._sign("Mei Tanaka", date(2026, 6, 10))
            self._run(date(2026, 6, 9))
        self.assertEqual(renewal.billing_timing, "before")
        both = renewal + self.contract
        with freeze_time("2026-07-02 09:00:00"):
            both._follow_term()
            run = self._run(date(2026, 7, 1), both)
        self.assertFalse(run.blocker_ids)
        self.assertFalse(renewal.statement_ids, "not taken over yet")
        self.assertEqual(self.contract.billed_until, datetime(2026, 7, 1))
        with freeze_time("2026-07-03 09:00:00"):
            self._run(date(2026, 7, 2), both)
        advance = renewal.statement_ids
        self.assertEqual((advance.kind, advance.state), ("advance", "posted"))
        self.assertEqual(advance.amount_untaxed, 80)
        with freeze_time("2026-08-02 09:00:00"):
            self._run(date(2026, 7, 31), both)
        july = advance.settled_by_id
        self.assertEqual(july.date_to, date(2026, 7, 31))
        self.assertEqual(july.amount_untaxed, 0)
