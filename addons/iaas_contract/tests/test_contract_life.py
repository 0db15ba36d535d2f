from datetime import date

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import iaas_contract_life
from .common import IaasContractCommon

SIGN = "iaas_contract.mail_activity_type_sign"
ACTIVATE = "iaas_contract.mail_activity_type_activate"
RENEW = "iaas_contract.mail_activity_type_renew"


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractLife(IaasContractCommon):
    def _sign(self, contract):
        contract.action_send()
        self._iaas_sign_on_paper(contract)

    def _terminate(self, contract, day):
        action = contract.action_terminate()
        self.env[action["res_model"]].with_user(contract.env.user).with_context(
            **action["context"]
        ).create({"date": day, "reason": "Moves in house"}).action_terminate()

    def _sales_contract(self, partner=None, **values):
        contract = self._iaas_contract(partner or self.customer, **values)
        return contract.with_user(self.sales_user)

    def test_state_is_not_set_by_hand(self):
        contract = self._sales_contract()
        for values in (
            {"state": "active"},
            {"signed_by": "Nobody"},
            {"signed_date": date(2026, 1, 1)},
        ):
            with self.assertRaisesRegex(UserError, "set by its buttons"):
                contract.write(values)
            with self.assertRaisesRegex(UserError, "set by its buttons"):
                contract.create({"partner_id": self.customer.id, **values})

    def test_a_contract_is_sent_with_a_title(self):
        contract = self._sales_contract(title=False)
        with self.assertRaisesRegex(UserError, "has no title"):
            contract.action_send()
        contract.title = "Backup site"
        contract.action_send()
        self.assertEqual(contract.state, "sent")

    def test_from_draft_to_active(self):
        """R31, R45: sent with a deadline and an owner, active when signed in term."""
        contract = self._sales_contract()
        contract.action_send()
        self.assertEqual(contract.state, "sent")
        activity = contract.activity_search([SIGN])
        self.assertEqual(activity.user_id, self.sales_user)
        self.assertEqual(activity.date_deadline, date(2026, 4, 9))
        contract.action_draft()
        self.assertFalse(contract.activity_search([SIGN]))
        self._sign(contract)
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.signed_by, "Mei Tanaka")
        self.assertEqual(contract.signed_date, date(2026, 3, 10))
        self.assertFalse(contract.activity_search([SIGN]))

    def test_work_follows_owner_and_deadline(self):
        """R1: each item has one owner and a due date, the ones of the contract."""
        contract = self._sales_contract()
        contract.action_send()
        contract.write(
            {"user_id": self.ops_user.id, "signature_deadline": date(2026, 3, 31)}
        )
        activity = contract.activity_search([SIGN])
        self.assertEqual(activity.user_id, self.ops_user)
        self.assertEqual(activity.date_deadline, date(2026, 3, 31))

    def test_steps_in_order(self):
        contract = self._sales_contract()
        for step in (contract.action_sign, contract.action_activate):
            with self.assertRaisesRegex(UserError, "is in status Draft"):
                step()
        with self.assertRaisesRegex(UserError, "is in status Active"):
            self.contract.action_draft()

    def test_unverified_customer_waits(self):
        """R10: unverified means no contract activation."""
        contract = self._sales_contract(self.other_customer)
        self._sign(contract)
        self.assertEqual(contract.state, "signed")
        self.assertEqual(len(contract.activity_search([ACTIVATE])), 1)
        with self.assertRaisesRegex(UserError, "Harbor Analytics is not verified"):
            contract.action_activate()
        contract.sudo()._follow_term()
        self.assertEqual(contract.state, "signed")
        self.assertEqual(len(contract.activity_search([ACTIVATE])), 1)
        self.other_customer.iaas_verification_state = "verified"
        contract.sudo()._follow_term()
        self.assertEqual(contract.state, "active")
        self.assertFalse(contract.activity_search([ACTIVATE]))

    def test_future_contract_waits_for_its_first_day(self):
        contract = self._sales_contract(
            date_start=date(2026, 4, 1), timezone="Asia/Tokyo"
        )
        self._sign(contract)
        self.assertEqual(contract.state, "signed")
        with self.assertRaisesRegex(UserError, "before its first day"):
            contract.action_activate()
        # 1 April begins in Tokyo at 15:00 UTC on 31 March.
        with freeze_time("2026-03-31 14:59:00"):
            contract.sudo()._follow_term()
            self.assertEqual(contract.state, "signed")
        with freeze_time("2026-03-31 15:00:00"):
            contract.sudo()._follow_term()
            self.assertEqual(contract.state, "active")

    def test_term_runs_out(self):
        """R45: the tier says how long ahead the renewal comes up."""
        self.customer.iaas_tier_id.renewal_notice_days = 180
        contract = self.contract
        with freeze_time("2027-07-03 12:00:00"):
            contract._follow_term()
            self.assertEqual(contract.state, "active")
        with freeze_time("2027-07-04 12:00:00"):
            contract._follow_term()
            contract._follow_term()
            self.assertEqual(contract.state, "expiring")
            activity = contract.activity_search([RENEW])
            self.assertEqual(len(activity), 1)
            self.assertEqual(activity.user_id, self.sales_user)
            self.assertEqual(activity.date_deadline, date(2027, 12, 31))
        with freeze_time("2027-12-31 12:00:00"):
            contract._follow_term()
            self.assertEqual(contract.state, "expiring")
        with freeze_time("2028-01-01 12:00:00"):
            contract._follow_term()
            self.assertEqual(contract.state, "ended")
            self.assertFalse(contract.activity_search([RENEW]))

    @freeze_time("2027-12-01 12:00:00")
    def test_prolonged_contract_is_active_again(self):
        contract = self.contract
        contract._follow_term()
        self.assertEqual(contract.state, "expiring")
        contract.with_user(self.ops_manager).date_end = date(2029, 12, 31)
        contract._follow_term()
        self.assertEqual(contract.state, "active")
        self.assertFalse(contract.activity_search([RENEW]))

    @mute_logger("odoo.addons.iaas_contract.models.iaas_contract_life")
    def test_cron_goes_on_after_a_failure(self):
        broken, sound = self.contract, self._iaas_contract(self.customer)
        sound.state = "active"
        follow = type(broken)._follow_term

        def follow_or_fail(contract):
            if contract == broken:
                raise UserError(contract.name)
            return follow(contract)

        self.patch(self.registry["iaas.contract"], "_follow_term", follow_or_fail)
        self.patch(iaas_contract_life, "CRON_BATCH", 1)
        cron = self.env.ref("iaas_contract.ir_cron_iaas_contract_states")
        with freeze_time("2028-01-01 12:00:00"), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertEqual(broken.state, "active")
        self.assertEqual(sound.state, "ended")

    def test_signature_overdue(self):
        """R33: delay of the signature, in the contract's own days."""
        late = self._sales_contract(
            signature_deadline=date(2026, 3, 9), timezone="Pacific/Honolulu"
        )
        due = self._sales_contract(signature_deadline=date(2026, 3, 10))
        (late + due).action_send()
        found = self.env["iaas.contract"].search([("is_signature_overdue", "=", True)])
        self.assertIn(late, found)
        self.assertNotIn(due, found)
        self.assertEqual(late.days_overdue, 1)
        self.assertFalse(due.is_signature_overdue)
        with freeze_time("2026-03-10 09:00:00"):  # still 9 March in Honolulu
            found = self.env["iaas.contract"].search(
                [("is_signature_overdue", "=", True)]
            )
            self.assertNotIn(late, found)
        others = self.env["iaas.contract"].search(
            [("is_signature_overdue", "=", False)]
        )
        self.assertIn(due, others)

    def test_terminate_today(self):
        order = self._iaas_order(self.contract, (self.server, 2))
        order.action_confirm()
        contract = self.contract.with_user(self.ops_user)
        self._terminate(contract, date(2026, 3, 10))
        self.assertEqual(contract.state, "terminated")
        self.assertEqual(contract.date_end, date(2026, 3, 10))
        self.assertEqual(contract.termination_reason, "Moves in house")
        self.assertEqual(
            order.iaas_resource_ids.mapped("date_end"), [date(2026, 3, 10)] * 2
        )
        self.assertTrue(contract._is_valid_on(date(2026, 3, 10)))
        self.assertFalse(contract._is_valid_on(date(2026, 3, 11)))

    def test_terminate_later(self):
        contract = self.contract.with_user(self.ops_user)
        self._terminate(contract, date(2026, 6, 30))
        self.assertEqual(contract.state, "active")
        with freeze_time("2026-06-01 12:00:00"):
            self.contract._follow_term()
            self.assertEqual(contract.state, "expiring")
            self.assertFalse(contract.activity_search([RENEW]))
        with freeze_time("2026-07-01 12:00:00"):
            self.contract._follow_term()
            self.assertEqual(contract.state, "terminated")

    def test_terminate_outside_term(self):
        for day, reason in (
            (date(2028, 1, 1), "ends on 2027-12-31 anyway"),
            (date(2024, 12, 31), "began on 2025-01-01"),
        ):
            with self.assertRaisesRegex(UserError, reason):
                self._terminate(self.contract.with_user(self.ops_user), day)

    def test_signature_not_in_the_future(self):
        contract = self._sales_contract()
        contract.action_send()
        with self.assertRaisesRegex(UserError, "in the future"):
            self._iaas_sign_on_paper(contract, signed_date=date(2026, 3, 11))

    def test_signed_copy_is_kept(self):
        """R35: the scan of the signed paper stays with the contract."""
        contract = self._sales_contract()
        contract.action_send()
        self._iaas_sign_on_paper(contract)
        attachment = contract.message_ids.attachment_ids
        self.assertEqual(attachment.name, "signed.pdf")
        scan = contract.document_ids.filtered(lambda d: d.kind == "scan")
        self.assertEqual(attachment, scan.attachment_id)
