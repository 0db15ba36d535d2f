from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_usage_quarantine import UsageQuarantineCommon


@tagged("post_install", "-at_install")
class TestUsageSilence(UsageQuarantineCommon):
    """A meter that falls silent raises an alert with an owner (billing rule "Silent
    meter"). Today is 10 July 2026, 9:00."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["iaas.meter"].search([]).silent_days = 0
        cls.meter.silent_days = 3
        cls.contract.sudo().write({"state": "active"})

    def _silent(self):
        self.Quarantine._cron_find_silence()
        return self.Quarantine.search([("reason", "=", "silent")])

    def test_who_reported_yesterday_is_not_silent(self):
        self._use(self.resource, ("2026-07-08 00:00:00", 1))
        self.assertFalse(self._silent())

    def test_silence_opens_once_and_closes_by_itself(self):
        self._use(self.resource, ("2026-07-01 00:00:00", 1))
        silence = self._silent()
        self.assertEqual(silence.resource_id, self.resource)
        self.assertEqual(silence.meter_id, self.meter)
        self.assertEqual(silence.source_id, self.source)
        self.assertEqual(str(silence.last_seen), "2026-07-01 00:00:00")
        self.assertEqual(silence.user_id, self.billing_user)
        self.assertEqual(silence.activity_ids.user_id, self.billing_user)
        self.assertEqual(self._silent(), silence)
        self._use(self.resource, ("2026-07-09 00:00:00", 1))
        self._silent()
        self.assertEqual(silence.state, "done")
        self.assertFalse(silence.activity_ids)

    def test_a_resource_that_never_reported(self):
        silence = self._silent()
        self.assertEqual(silence.resource_id, self.resource)
        self.assertFalse(silence.source_id)
        self.assertIn("no usage", silence.detail)
        self.assertEqual(silence.user_id, self.contract.user_id)

    def test_what_is_stopped_new_or_not_watched_is_not_silent(self):
        for values in ({"date_end": "2026-07-09"}, {"date_start": "2026-07-09"}):
            with self.subTest(values=values), self.env.cr.savepoint() as savepoint:
                self.resource.write(values)
                self.assertFalse(self._silent())
                savepoint.rollback()
            self.env.invalidate_all()
        self.meter.silent_days = 0
        self.assertFalse(self._silent())

    def test_a_resource_is_expected_under_every_meter_that_reported_it(self):
        other = self._iaas_meter(self.server, "other")
        self._use(self.resource, ("2026-07-09 00:00:00", 1))
        self._use(self.resource, ("2026-07-01 00:00:00", 1), meter=other)
        self.assertEqual(self._silent().meter_id, other)

    def test_dismissed_until_it_speaks_and_stops_again(self):
        self._use(self.resource, ("2026-06-01 00:00:00", 1))
        silence = self._silent().with_user(self.billing_user)
        with self.assertRaisesRegex(UserError, "nothing to replay"):
            silence.action_replay()
        silence.note = "Switched off by the customer"
        silence.action_dismiss()
        self.assertEqual(self._silent(), silence)
        self._use(self.resource, ("2026-07-02 00:00:00", 1))
        self.assertEqual(len(self._silent()), 2)
