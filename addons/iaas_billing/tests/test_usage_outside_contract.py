import json
from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools.json import json_default

from .test_usage_quarantine import UsageQuarantineCommon


@tagged("post_install", "-at_install")
class TestUsageOutsideContract(UsageQuarantineCommon):
    """What is used on days that no contract covers has an owner until it is covered
    or dismissed: no valid contract is flagged (R29). Today is 10 July 2026."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.sudo().write({"state": "ended", "date_end": "2026-05-31"})

    def _outside(self, state="open"):
        self.Quarantine._cron_find_outside_contract()
        return self.Quarantine.search(
            [
                ("reason", "=", "outside_contract"),
                ("state", "=", state),
                ("resource_id.contract_id", "=", self.contract.id),
            ]
        )

    def test_use_within_the_contract_is_not_reported(self):
        self._use(self.resource, ("2026-05-31 12:00:00", 1))
        self.assertFalse(self._outside())

    def test_use_after_the_last_day_waits_for_its_owner_once(self):
        self._use(
            self.resource,
            ("2026-05-31 12:00:00", 1),
            ("2026-06-02 12:00:00", "2.5"),
            ("2026-06-04 12:00:00", 3),
        )
        group = self._outside()
        self.assertEqual(group.resource_id, self.resource)
        self.assertEqual(group.user_id, self.contract.user_id)
        self.assertEqual(group.activity_ids.user_id, self.contract.user_id)
        self.assertEqual(
            [self.contract._day_of(day) for day in (group.first_seen, group.last_seen)],
            [date(2026, 6, 2), date(2026, 6, 4)],
        )
        self.assertIn("5.5", group.detail)
        self.assertIn("2 events", group.detail)
        self.assertEqual(self._outside(), group)

    def test_use_before_the_first_day(self):
        first = self.contract.date_start
        day = date(first.year - 1, 6, 1)
        self._use(self.resource, (f"{day} 12:00:00", 1))
        group = self._outside()
        self.assertEqual(self.contract._day_of(group.first_seen), day)

    def test_more_use_moves_the_days(self):
        self._use(self.resource, ("2026-06-02 12:00:00", 1))
        group = self._outside()
        self._use(self.resource, ("2026-06-09 12:00:00", 1))
        self.assertEqual(self._outside(), group)
        self.assertEqual(self.contract._day_of(group.last_seen), date(2026, 6, 9))

    def test_a_contract_that_covers_the_days_closes_it(self):
        self._use(self.resource, ("2026-06-02 12:00:00", 1))
        group = self._outside()
        self.contract.sudo().date_end = "2026-06-30"
        self.assertFalse(self._outside())
        self.assertEqual(group.state, "done")
        self.assertFalse(group.activity_ids)

    def test_days_of_the_renewed_contract_are_covered_and_a_gap_is_not(self):
        old = self.contract.copy(
            {"date_start": "2026-01-01", "date_end": "2026-05-31"}
        ).sudo()
        old.state = "renewed"
        self.contract.sudo().write(
            {
                "state": "active",
                "renewal_of_id": old.id,
                "date_start": "2026-06-03",
                "date_end": "2027-06-02",
            }
        )
        self._use(self.resource, ("2026-05-20 12:00:00", 1))
        self.assertFalse(self._outside())
        self._use(self.resource, ("2026-06-01 12:00:00", 1))
        group = self._outside()
        for day in (group.first_seen, group.last_seen):
            self.assertEqual(self.contract._day_of(day), date(2026, 6, 1))

    def test_dismissed_days_stay_so_and_later_ones_open_again(self):
        self._use(self.resource, ("2026-06-02 12:00:00", 1))
        group = self._outside().with_user(self.billing_user)
        with self.assertRaisesRegex(UserError, "nothing to replay"):
            group.action_replay()
        with self.assertRaisesRegex(UserError, "Write into the remark"):
            group.action_dismiss()
        group.note = "Ours: the machine was handed back late"
        group.action_dismiss()
        with self.assertRaisesRegex(UserError, "cannot be reopened"):
            group.action_reopen()
        self.assertFalse(self._outside())
        self._use(self.resource, ("2026-06-03 12:00:00", 1))
        later = self._outside()
        self.assertEqual(self.contract._day_of(later.first_seen), date(2026, 6, 3))

    def test_the_button_opens_the_days_without_contract(self):
        self._use(self.resource, ("2026-05-31 12:00:00", 1), ("2026-06-02 12:00:00", 2))
        action = self._outside().action_view_outside_usage()
        # As the web client gets it and sends it back.
        domain = json.loads(json.dumps(action["domain"], default=json_default))
        days = self.env["iaas.usage.daily"].search(domain)
        self.assertEqual(days.mapped("day"), [date(2026, 6, 2)])

    def test_the_owner_of_the_contract_in_sales_opens_the_task(self):
        self.contract.sudo().user_id = self.sales_user
        self._use(self.resource, ("2026-06-02 12:00:00", 2))
        group = self._outside().with_user(self.sales_user)
        self.assertEqual(group.activity_ids.user_id, self.sales_user)
        group.web_read({"reason": {}, "waiting_count": {}, "contract_id": {}})
        action = group.action_view_outside_usage()
        days = self.env["iaas.usage.daily"].with_user(self.sales_user)
        self.assertEqual(len(days.search(action["domain"])), 1)
        self.assertEqual(
            group._get_thread_with_access(group.id, mode=group._mail_post_access), group
        )
        for attempt in (
            group.action_ask_dismiss,
            lambda: group.write({"note": "Free of charge"}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_the_dialog_says_what_dismissing_means_for_what_was_chosen(self):
        self._use(self.resource, ("2026-06-02 12:00:00", 1))
        group = self._outside().with_user(self.billing_user)
        context = group.action_ask_dismiss()["context"]
        dismissal = self.env["iaas.usage.dismissal"].with_user(self.billing_user)
        with Form(dismissal.with_context(**context)) as dialog:
            self.assertTrue(dialog.is_outside_contract)
            self.assertFalse(dialog.is_unknown or dialog.is_silent)
            dialog.note = "Ours"
        dialog.record.action_apply()
        self.assertEqual((group.state, group.note), ("dismissed", "Ours"))

    def test_retention_waits_until_it_is_dismissed(self):
        archive = self.env["iaas.usage.archive"]
        self._use(self.resource, ("2026-06-02 12:00:00", 1))
        self.assertTrue(archive._is_unbilled(date(2026, 6, 1)))
        group = self._outside()
        group.note = "Ours"
        group.action_dismiss()
        self.assertFalse(archive._is_unbilled(date(2026, 6, 1)))

    def test_days_of_the_contract_between_dismissed_ones_are_not_dismissed(self):
        archive = self.env["iaas.usage.archive"]
        self.contract.sudo().date_start = "2026-03-01"
        self._use(
            self.resource,
            ("2026-02-02 12:00:00", 1),
            ("2026-05-02 12:00:00", 7),
            ("2026-06-02 12:00:00", 1),
        )
        group = self._outside()
        group.note = "Ours"
        group.action_dismiss()
        self.assertFalse(archive._is_unbilled(date(2026, 2, 1)))
        self.assertTrue(archive._is_unbilled(date(2026, 5, 1)))

    def test_dismissed_days_that_a_contract_covers_later_are_to_be_billed(self):
        archive = self.env["iaas.usage.archive"]
        self._use(self.resource, ("2026-06-02 12:00:00", 1))
        group = self._outside()
        group.note = "Ours"
        group.action_dismiss()
        self.contract.sudo().date_end = "2026-06-30"
        self.assertTrue(archive._is_unbilled(date(2026, 6, 1)))

    def test_what_waits_for_the_last_bill_of_the_renewed_contract_is_covered(self):
        """What is rented comes over once the old contract is billed to its end."""
        self.contract.sudo().state = "renewed"
        renewal = self.contract.copy(
            {"date_start": "2026-06-01", "date_end": "2027-05-31"}
        ).sudo()
        renewal.write({"renewal_of_id": self.contract.id, "state": "draft"})
        self._use(self.resource, ("2026-06-02 12:00:00", 1))
        self.assertTrue(self._outside())
        renewal.state = "active"
        self.assertFalse(self._outside())
        self._use(self.resource, ("2027-06-02 12:00:00", 1))
        group = self._outside()
        self.assertEqual(self.contract._day_of(group.first_seen), date(2027, 6, 2))

    def test_the_next_of_those_without_source_takes_the_reminder(self):
        other = self.resource.copy({"external_ref": "vm-outside-2"})
        self._use(self.resource, ("2026-06-02 12:00:00", 1))
        self._use(other, ("2026-06-02 12:00:00", 1))
        groups = self._outside()
        self.assertEqual((len(groups), len(groups.activity_ids)), (2, 1))
        told = groups.filtered("activity_ids")
        told.note = "Ours"
        told.action_dismiss()
        self.assertEqual(len((groups - told).activity_ids), 1)
