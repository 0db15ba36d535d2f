from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import IaasContractCommon

NOTICE = "iaas_contract.mail_activity_type_notice"


@tagged("post_install", "-at_install")
@freeze_time("2027-09-10 12:00:00")
class TestContractNotice(IaasContractCommon):
    """R27, R45: a contract that renews itself ends by notice, given in time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.write({"auto_renew": True, "notice_days": 90, "renew_months": 6})
        cls.contract._current_version()

    def _notice(self, day="2027-09-10", user=None, by="customer"):
        contract = self.contract.with_user(user or self.sales_user)
        action = contract.action_give_notice()
        wizard = contract.env[action["res_model"]].with_context(**action["context"])
        with Form(wizard) as form:
            form.notice_by = by
            form.person = "Mei Tanaka"
            form.date = date.fromisoformat(day)
            form.reason = "Moves in house"
        return form.record.action_give_notice()

    def _activities(self):
        return self.contract.activity_search([NOTICE])

    def test_deadline(self):
        self.assertEqual(self.contract.notice_deadline, date(2027, 10, 2))
        self.contract.auto_renew = False
        self.assertFalse(self.contract.notice_deadline)

    def test_notice_in_time_ends_the_contract(self):
        for by in ("customer", "us"):
            with self.subTest(by=by), self.env.cr.savepoint() as savepoint:
                self._notice(by=by)
                self.assertEqual(self.contract.notice_by, by)
                self.assertEqual(self.contract.notice_person, "Mei Tanaka")
                self.assertEqual(self.contract.notice_date, date(2027, 9, 10))
                with freeze_time("2027-12-01 12:00:00"):
                    self.contract._follow_term()
                    self.assertEqual(self.contract.date_end, date(2027, 12, 31))
                    self.assertFalse(self.contract.renewed_by_id)
                with freeze_time("2028-01-01 12:00:00"):
                    self.contract._follow_term()
                    self.assertEqual(self.contract.state, "ended")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_on_the_last_day_and_recorded_later(self):
        with freeze_time("2027-10-02 12:00:00"):
            self._notice("2027-09-30")
        self.assertTrue(self.contract.notice_date)

    def test_today_of_the_user_is_no_future(self):
        """East of the contract the day has begun: what the form proposes is taken."""
        wizard = self.env["iaas.contract.notice"].with_user(self.ops_user)
        wizard = wizard.with_context(tz="Pacific/Kiritimati")
        contract = self.contract
        contract.write({"auto_renew": True, "notice_days": 30})
        notice = wizard.create(
            {"contract_id": contract.id, "person": "Mei", "reason": "Moves"}
        )
        self.assertEqual((notice.date - contract._today()).days, 1)
        notice.action_give_notice()
        self.assertEqual(contract.notice_date, contract._today())

    def test_late_notice(self):
        with freeze_time("2027-10-03 12:00:00"):
            with self.assertRaisesRegex(UserError, "had to be given by 10/02/2027"):
                self._notice("2027-10-03")
            self.assertFalse(self.contract.notice_date)
            self.contract._follow_term()
        self.assertEqual(self.contract.date_end, date(2028, 6, 30))
        self.assertEqual(self.contract.notice_deadline, date(2028, 4, 1))
        self.assertEqual(self.contract.version_id.renewed_from, date(2028, 1, 1))

    def test_renews_itself_again_and_again(self):
        """A renewal of a renewal; each term is a version of its own."""
        for day, end in (
            ("2027-10-03 12:00:00", date(2028, 6, 30)),
            ("2028-04-02 12:00:00", date(2028, 12, 31)),
        ):
            with freeze_time(day):
                self.contract._follow_term()
                self.assertEqual(self.contract.date_end, end)
        self.assertEqual(
            self.contract.version_ids.sorted("number").mapped("renewed_from"),
            [False, date(2028, 1, 1), date(2028, 7, 1)],
        )

    def test_refused(self):
        with self.assertRaisesRegex(UserError, "not before"):
            self._notice("2027-09-11")
        with self.assertRaisesRegex(UserError, "Record the notice"):
            self.contract._let_end("Budget cut")
        action = self.contract.with_user(self.sales_user).action_let_end()
        self.assertEqual(action["res_model"], "iaas.contract.notice")
        with self.assertRaises(AccessError):
            self.contract.with_user(self.auditor)._give_notice(
                "us", "Somebody", date(2027, 9, 10), "none"
            )
        with self.assertRaisesRegex(UserError, "set by its buttons"):
            self.contract.with_user(self.ops_manager).notice_date = date(2027, 9, 1)
        self._notice()
        with self.assertRaisesRegex(UserError, "was given already"):
            self._notice()
        self.contract.auto_renew = False
        with self.assertRaisesRegex(UserError, "does not renew itself"):
            self._notice()

    def test_owner_is_told(self):
        with freeze_time("2027-09-01 12:00:00"):
            self.contract._follow_term()
            self.assertFalse(self._activities())
        self.contract._follow_term()
        self.contract._follow_term()
        activity = self._activities()
        self.assertEqual(activity.date_deadline, date(2027, 10, 2))
        self.assertEqual(activity.user_id, self.contract.user_id)
        self.contract.notice_days = 100
        self.contract._follow_term()
        self.assertEqual(self._activities().date_deadline, date(2027, 9, 22))
        with freeze_time("2027-09-23 12:00:00"):
            self.contract._follow_term()
        self.assertFalse(self._activities())

    def test_owner_is_told_no_more(self):
        self.contract._follow_term()
        self._notice()
        self.assertFalse(self._activities())
        self.contract._follow_term()
        self.assertFalse(self._activities())

    def test_not_copied(self):
        self._notice()
        self.assertFalse(self.contract.copy().notice_date)


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestOverlappingContracts(IaasContractCommon):
    """Two contracts of a customer at a time: each order says under which it is."""

    def test_orders_choose(self):
        other = self._iaas_contract(
            self.customer, state="active", title="Second framework"
        )
        self._iaas_price(self.server, "60", contract_id=other.id)
        with Form(self.env["sale.order"].with_user(self.sales_user)) as form:
            form.partner_id = self.customer
            self.assertFalse(form.iaas_contract_id, "nobody guesses which")
        orders = [
            self._iaas_order(contract, (self.server, 1))
            for contract in (self.contract, other)
        ]
        for order, amount in zip(orders, (80, 60), strict=True):
            order.action_confirm()
            self.assertEqual(order.amount_untaxed, amount)
            self.assertEqual(
                order.iaas_resource_ids.contract_id, order.iaas_contract_id
            )
