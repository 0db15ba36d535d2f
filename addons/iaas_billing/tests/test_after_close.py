from datetime import date
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestAfterClose(IaasBillingCommon):
    """Nothing that comes in after the rating of a posted period is lost (R64)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.Item = cls.env["iaas.after.close"]
        cls.first = date(2026, 6, 1)
        cls.contract.date_start = cls.first
        cls.resource = cls._iaas_resource(cls.traffic, date_start=cls.first)

    def _collect(self, at):
        with freeze_time(at):
            self.Item._cron_collect()

    def test_what_came_in_before_the_posting_is_found_after_it(self):
        """The customer had the statement in hand for days, in which the queue was
        looked through again and again."""
        self.tier_large.write(
            {
                "has_statement_rules": True,
                "statement_confirmation": "silent",
                "statement_confirm_days": 10,
            }
        )
        self._use(self.resource, ("2026-06-05 00:00:00", "10"))
        statement = self._run(date(2026, 6, 30)).statement_ids
        self.assertEqual(statement.state, "sent")
        self._collect("2026-07-11 09:00:00")
        with freeze_time("2026-07-12 09:00:00"):
            self._use(self.resource, ("2026-06-06 00:00:00", "100"))
        for day in range(12, 22):
            self._collect(f"2026-07-{day} 19:00:00")
        with freeze_time("2026-07-22 09:00:00"):
            self.env["iaas.statement"]._cron_follow()
        self.assertEqual(statement.state, "posted")
        self._collect("2026-07-22 19:00:00")
        item = statement.after_close_ids
        self.assertEqual((item.state, item.event_count), ("open", 1))
        self.assertEqual(item.amount, 8.5)

    def test_a_pass_that_is_out_of_time_goes_on_behind_what_it_has_seen(self):
        """Else a late file for thousands of contracts would keep it at the first ones
        for ever."""
        self._use(self.resource, ("2026-06-05 00:00:00", "10"))
        with freeze_time("2026-09-02 09:00:00"):
            self._run(date(2026, 8, 31))
        # The database of other tests may hold what they left to look at.
        self._collect("2026-09-20 09:00:00")
        june, july, august = self.contract.statement_ids.sorted("date_from")
        with freeze_time("2026-09-20 10:00:00"):
            for month in (6, 7, 8):
                self._use(self.resource, (f"2026-0{month}-10 00:00:00", "100"))
        out_of_time = patch.object(
            type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_kw: 0
        )
        batches = patch("odoo.addons.iaas_billing.models.iaas_after_close._BATCH", 1)
        queued = []
        with out_of_time, batches:
            for hour in (16, 17, 18):
                self._collect(f"2026-09-20 {hour}:00:00")
                queued.append(
                    [bool(each.after_close_ids) for each in june + july + august]
                )
            # What comes in meanwhile for the first one is for the next pass.
            with freeze_time("2026-09-20 18:30:00"):
                self._use(self.resource, ("2026-06-11 00:00:00", "100"))
            self._collect("2026-09-20 19:00:00")
        self.assertEqual(
            queued,
            [[True, False, False], [True, True, False], [True, True, True]],
        )
        self.assertEqual(june.after_close_ids.event_count, 1)
        self._collect("2026-09-20 20:00:00")
        self.assertEqual(june.after_close_ids.event_count, 2)

    def test_level_of_the_month_before_changes_the_next_one(self):
        """A level that is reported late for June goes on through July, of which no
        event is late."""
        meter = self._iaas_meter(self.disk, "disk.level", "time_weighted")
        disk = self._iaas_resource(self.disk, date_start=self.first)
        self._use(disk, ("2026-06-01 00:00:00", "1"), meter=meter)
        with freeze_time("2026-09-02 09:00:00"):
            self._run(date(2026, 8, 31))
        june, july, august = self.contract.statement_ids.sorted("date_from")
        with freeze_time("2026-09-03 09:00:00"):
            self._use(disk, ("2026-08-01 00:00:00", "1"), meter=meter)
            self._use(disk, ("2026-06-29 00:00:00", "3"), meter=meter)
        self._collect("2026-09-03 19:00:00")
        for statement, hours in ((june, 2 * 48), (july, 2 * 744)):
            item = statement.after_close_ids
            self.assertEqual(item.state, "open", statement.display_name)
            self.assertAlmostEqual(item.amount, hours * 0.05, 2)
        # It began with a report of its own, that says what was known.
        self.assertEqual(august.after_close_ids.mapped("amount"), [0])
        item = july.after_close_ids
        action = item.with_user(self.billing_user).action_correct()
        self.env["iaas.statement"].browse(action["res_id"]).action_post_correction()
        self.assertEqual(item.state, "corrected")
        self._collect("2026-09-03 20:00:00")
        self.assertEqual(july.after_close_ids, item)
        june.after_close_ids.with_user(self.billing_manager)._write_off("Ours.")
        self._collect("2026-09-03 20:00:00")
        self.assertEqual(june.after_close_ids.state, "written_off")

    def test_obstacle_is_queued_whatever_was_credited(self):
        """A credit that was agreed has no usage; that of an obstacle is unknown: the
        two are not the same."""
        server = self._iaas_resource(self.server, date_start=self.first)
        self._use(self.resource, ("2026-06-05 00:00:00", "10"))
        statement = self._run(date(2026, 6, 30)).statement_ids
        line = statement.line_ids.filtered(lambda line: line.resource_id == server)
        statement._make_credit(line, 20, "Down for a week")
        other = self._iaas_contract(self.customer, renewal_of_id=self.contract.id)
        self.resource.contract_id = other
        with freeze_time("2026-07-12 09:00:00"):
            self._use(self.resource, ("2026-06-06 00:00:00", "100"))
        self._collect("2026-07-12 19:00:00")
        item = statement.after_close_ids
        self.assertEqual((item.state, item.amount), ("open", 0))
        self.assertIn("by hand", item.obstacle)
        item.with_user(self.billing_manager)._write_off("Invoiced by hand.")
        self._collect("2026-07-12 20:00:00")
        self.assertEqual(statement.after_close_ids, item)
        with freeze_time("2026-07-14 09:00:00"):
            self._use(self.resource, ("2026-06-07 00:00:00", "100"))
        self._collect("2026-07-14 19:00:00")
        news = statement.after_close_ids - item
        self.assertEqual((news.state, news.event_count), ("open", 2))

    def test_what_cannot_be_rated_has_no_difference(self):
        self._use(self.resource, ("2026-06-05 00:00:00", "10"))
        statement = self._run(date(2026, 6, 30)).statement_ids
        with freeze_time("2026-07-12 09:00:00"):
            self._use(self.resource, ("2026-06-06 00:00:00", "100"))
        with patch.object(
            type(statement),
            "_prepare_lines",
            side_effect=ValueError("no price"),
        ):
            self._collect("2026-07-12 19:00:00")
        item = statement.after_close_ids
        self.assertIn("no price", item.obstacle)
        self.assertEqual(item.amount, 0)
        item.with_user(self.billing_user).action_refresh()
        self.assertEqual((item.obstacle, item.amount), (False, 8.5))

    def test_one_that_fails_keeps_no_other_back(self):
        contract = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 6, 1)
        )
        other = self._iaas_resource(self.traffic, contract, date_start=self.first)
        run = self._run(date(2026, 6, 30), self.contract + contract)
        with freeze_time("2026-07-12 09:00:00"):
            for resource in (self.resource, other):
                self._use(resource, ("2026-06-06 00:00:00", "100"))
        Statement = self.env.registry["iaas.statement"]
        original = Statement._try_correction

        def fail(statements):
            if self.contract in statements.contract_id:
                raise KeyError("broken")
            return original(statements)

        with (
            patch.object(Statement, "_try_correction", fail),
            mute_logger("odoo.addons.iaas_billing.models.iaas_after_close"),
        ):
            self._collect("2026-07-12 19:00:00")
        items = run.statement_ids.after_close_ids.grouped("contract_id")
        self.assertEqual(items[contract].amount, 8.5)
        self.assertIn("broken", items[self.contract].obstacle)
        items[self.contract].action_refresh()
        self.assertEqual(items[self.contract].amount, 8.5)
