from datetime import date
from decimal import Decimal

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.iaas_contract_clock import IaasContract
from .common import IaasContractCommon

RENEW = "iaas_contract.mail_activity_type_renew"
REMINDER = "iaas_contract.mail_activity_type_renewal_reminder"
ESCALATION = "iaas_contract.mail_activity_type_escalation"


@tagged("post_install", "-at_install")
@freeze_time("2027-07-10 12:00:00")
class TestContractRenewal(IaasContractCommon):
    """R45: opened ahead by tier, linked, revised, reminded of, never lapsed unseen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Addons that bill count what was billed instead of the orders.
        cls.classPatch(
            cls.registry["iaas.contract"],
            "_query_revenue",
            IaasContract._query_revenue,
        )
        cls.tier_large.renewal_notice_days = 180
        cls.tier_large.renewal_uplift = "5"
        cls.discount = cls.env["iaas.contract.line"].create(
            {
                "contract_id": cls.contract.id,
                "categ_id": cls.categ_compute.id,
                "discount": "20",
                "date_start": date(2026, 1, 1),
            }
        )
        cls.old_discount = cls.env["iaas.contract.line"].create(
            {
                "contract_id": cls.contract.id,
                "product_id": cls.disk.id,
                "discount": "50",
                "date_end": date(2025, 12, 31),
            }
        )
        cls.own_price = cls._iaas_price(
            cls.disk,
            "0.04",
            contract_id=cls.contract.id,
            min_amount="2",
            date_start=date(2025, 1, 1),
        )

    def _renewal(self):
        self.contract._follow_term()
        return self.contract.renewed_by_id

    def _put_in_force(self, contract):
        if contract.state == "draft":
            contract.sudo().action_send()
        contract.sudo()._sign("Mei Tanaka", contract._today())

    def test_opened_ahead_by_tier(self):
        with freeze_time("2027-07-03 12:00:00"):
            self.assertFalse(self._renewal())
        renewal = self._renewal()
        self.assertEqual(self.contract.state, "expiring")
        self.assertEqual(renewal.state, "draft")
        self.assertEqual(renewal.date_start, date(2028, 1, 1))
        self.assertEqual(renewal.date_end, date(2030, 12, 31))
        self.assertEqual(renewal.signature_deadline, date(2027, 12, 31))
        self.assertEqual(renewal.user_id, self.contract.user_id)
        self.assertEqual(renewal.line_ids.categ_id, self.categ_compute)
        self.assertFalse(renewal.line_ids.date_start)
        self.assertEqual(renewal.price_ids.product_id, self.disk)
        self.assertEqual(renewal.price_ids.date_start, date(2028, 1, 1))
        self.contract._follow_term()
        self.assertEqual(self.contract.renewal_ids, renewal)

    def test_small_customers_later(self):
        self.customer.iaas_tier_id = self.tier_small
        self.tier_small.renewal_notice_days = 60
        self.assertFalse(self._renewal())
        with freeze_time("2027-11-01 12:00:00"):
            self.assertTrue(self._renewal())

    def test_by_hand_and_once(self):
        contract = self.contract.with_user(self.sales_user)
        action = contract.action_open_renewal()
        self.assertEqual(action["res_id"], contract.renewed_by_id.id)
        again = contract.action_open_renewal()
        self.assertEqual(again["res_id"], action["res_id"])
        self.assertEqual(
            contract.renewed_by_id.action_view_renewal_of()["res_id"], contract.id
        )
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self._iaas_contract(self.customer, renewal_of_id=contract.id)
            self.env.flush_all()

    def test_what_cannot_be_renewed(self):
        endless = self._iaas_contract(self.customer, state="active", date_end=False)
        with self.assertRaisesRegex(UserError, "no last day"):
            endless.action_open_renewal()
        self.contract._terminate(date(2027, 9, 30), "Moves in house")
        with self.assertRaisesRegex(UserError, "is terminated as of 2027-09-30"):
            self.contract.action_open_renewal()
        self.contract._follow_term()
        self.assertFalse(self.contract.renewed_by_id)
        draft = self._iaas_contract(self.customer)
        with self.assertRaisesRegex(UserError, "is in status Draft"):
            draft.action_open_renewal()
        with self.assertRaises(AccessError):
            self._iaas_contract(self.other_customer, state="active").with_user(
                self.auditor
            ).action_open_renewal()

    def test_renewed_when_the_renewal_is_in_force(self):
        renewal = self._renewal()
        self.assertTrue(self.contract.activity_search([RENEW]))
        self._put_in_force(renewal)
        self.assertEqual(renewal.state, "signed")
        self.assertFalse(self.contract.activity_search([RENEW]))
        with freeze_time("2028-01-01 12:00:00"):
            (self.contract + renewal)._follow_term()
        self.assertEqual(renewal.state, "active")
        self.assertEqual(self.contract.state, "renewed")
        self.assertTrue(self.contract._is_valid_on(date(2027, 12, 31)))
        self.assertFalse(self.contract._is_valid_on(date(2028, 1, 1)))

    def test_signed_late(self):
        """The contract ended; its renewal is signed afterwards."""
        renewal = self._renewal()
        with freeze_time("2028-01-05 12:00:00"):
            self.contract._follow_term()
            self.assertEqual(self.contract.state, "ended")
            self.assertTrue(self.contract.activity_search([ESCALATION]))
            self._put_in_force(renewal)
            self.assertEqual(renewal.state, "active")
            self.assertEqual(self.contract.state, "renewed")
            self.assertFalse(self.contract.activity_search([ESCALATION]))

    def test_renewal_of_a_renewal(self):
        first = self._renewal()
        self._put_in_force(first)
        with freeze_time("2028-01-01 12:00:00"):
            (first + self.contract)._follow_term()
        with freeze_time("2030-08-01 12:00:00"):
            first._follow_term()
            second = first.renewed_by_id
            self.assertEqual(first.state, "expiring")
            self.assertEqual(second.date_start, date(2031, 1, 1))
            self._put_in_force(second)
        with freeze_time("2031-01-01 12:00:00"):
            (first + second)._follow_term()
        self.assertEqual(
            (self.contract + first + second).mapped("state"),
            ["renewed", "renewed", "active"],
        )

    def test_let_end(self):
        renewal = self._renewal()
        contract = self.contract.with_user(self.sales_user)
        action = contract.action_let_end()
        self.env[action["res_model"]].with_user(self.sales_user).with_context(
            **action["context"]
        ).create({"reason": "Moves in house"}).action_let_end()
        self.assertFalse(renewal.exists())
        self.assertEqual(self.contract.let_end_reason, "Moves in house")
        self.assertFalse(self.contract.activity_search([RENEW]))
        with freeze_time("2028-01-01 12:00:00"):
            self.contract._follow_term()
        self.assertEqual(self.contract.state, "ended")
        self.assertFalse(self.contract.activity_search([ESCALATION]))

    def test_change_of_mind(self):
        self._renewal()
        self.contract._let_end("Budget cut")
        self.contract.action_open_renewal()
        self.assertFalse(self.contract.let_end_reason)
        self.assertTrue(self.contract.renewed_by_id)

    def test_sent_renewal_is_not_let_go(self):
        self._renewal().action_send()
        with self.assertRaisesRegex(UserError, "is on its way"):
            self.contract._let_end("Budget cut")

    def test_draft_follows_a_prolonged_contract(self):
        renewal = self._renewal()
        self.contract.with_user(self.ops_manager).date_end = date(2028, 6, 30)
        self.assertEqual(renewal.date_start, date(2028, 7, 1))
        self.assertEqual(renewal.date_end, date(2031, 6, 30))
        self.assertEqual(renewal.signature_deadline, date(2028, 6, 30))

    def test_sent_renewal_does_not_overlap(self):
        renewal = self._renewal()
        renewal.action_send()
        with self.assertRaisesRegex(ValidationError, "lasts until 2028-06-30"):
            self.contract.date_end = date(2028, 6, 30)
        with self.assertRaisesRegex(ValidationError, "stay the same"):
            renewal.partner_id = self.other_customer

    def _revision(self, renewal, user):
        action = renewal.with_user(user).action_revise_prices()
        return Form(
            self.env[action["res_model"]]
            .with_user(user)
            .with_context(**action["context"])
        )

    def test_price_revision(self):
        """R45: 20 % off and 5 % more leaves 16 % off; own prices rise by 5 %."""
        renewal = self._renewal()
        self.own_price.write(
            {"charge_model": "graduated", "tier_ids": [(0, 0, {"unit_price": "0.04"})]}
        )
        form = self._revision(renewal, self.sales_user)
        self.assertEqual(form.uplift, Decimal(5))
        form.save().action_apply()
        self.assertEqual(renewal.line_ids.discount, Decimal("16"))
        self.assertEqual(renewal.price_ids.unit_price, Decimal("0.042"))
        self.assertEqual(renewal.price_ids.min_amount, Decimal("2.1"))
        self.assertEqual(renewal.price_ids.tier_ids.unit_price, Decimal("0.042"))
        self.assertIn("20 % → 16 %", renewal.message_ids[:1].body)
        self.assertEqual(self.discount.discount, Decimal(20))
        self.assertEqual(self.own_price.unit_price, Decimal("0.04"))
        # Tried again, it starts from the old term.
        form = self._revision(renewal, self.sales_user)
        form.uplift = 10
        form.save().action_apply()
        self.assertEqual(renewal.line_ids.discount, Decimal("12"))
        self.assertEqual(renewal.price_ids.unit_price, Decimal("0.044"))

    def test_revision_stops_at_the_list_price(self):
        renewal = self._renewal()
        form = self._revision(renewal, self.sales_user)
        form.uplift = 30
        revision = form.save()
        self.assertEqual(revision.line_ids.mapped("is_capped"), [True, False])
        self.assertEqual(revision.line_ids[0].new_discount, 0)

    def test_own_prices_are_lowered_by_managers(self):
        renewal = self._renewal()
        form = self._revision(renewal, self.sales_user)
        form.uplift = -10
        with self.assertRaisesRegex(AccessError, "lowered by those who set prices"):
            form.save().action_apply()
        form = self._revision(renewal, self.ops_manager)
        form.uplift = -10
        form.save().action_apply()
        self.assertEqual(renewal.price_ids.unit_price, Decimal("0.036"))

    def test_only_drafts_are_revised(self):
        renewal = self._renewal()
        renewal.action_send()
        with self.assertRaisesRegex(UserError, "is in status Sent"):
            renewal.action_revise_prices()

    def _remind(self, day):
        cron = self.env.ref("iaas_contract.ir_cron_iaas_contract_renewals")
        with freeze_time(f"{day} 12:00:00"), self.enter_registry_test_mode():
            cron.method_direct_trigger()

    def test_reminders_until_signed(self):
        renewal = self._renewal()
        self._remind("2027-07-10")
        activity = renewal.activity_search([REMINDER])
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.sales_user)
        self._remind("2027-07-11")
        self.assertEqual(renewal.activity_search([REMINDER]), activity)
        # Done without a signature: the next milestone asks again.
        activity.action_feedback()
        self._remind("2027-10-01")
        self.assertFalse(renewal.activity_search([REMINDER]))
        self._remind("2027-10-03")
        self.assertTrue(renewal.activity_search([REMINDER]))
        # Even after the contract has lapsed, every week.
        renewal.activity_search([REMINDER]).action_feedback()
        self._remind("2028-01-07")
        renewal.activity_search([REMINDER]).action_feedback()
        self._remind("2028-01-13")
        self.assertFalse(renewal.activity_search([REMINDER]))
        self._remind("2028-01-14")
        self.assertTrue(renewal.activity_search([REMINDER]))
        with freeze_time("2028-01-14 12:00:00"):
            self._put_in_force(renewal)
        self.assertFalse(renewal.activity_search([REMINDER]))
        self._remind("2028-01-21")
        self.assertFalse(renewal.activity_search([REMINDER]))

    def test_snooze(self):
        renewal = self._renewal()
        self._remind("2027-07-10")
        renewal.with_user(self.sales_user).action_snooze_renewal()
        self.assertFalse(renewal.activity_search([REMINDER]))
        self._remind("2027-07-16")
        self.assertFalse(renewal.activity_search([REMINDER]))
        self._remind("2027-07-17")
        self.assertTrue(renewal.activity_search([REMINDER]))
        self.assertFalse(renewal.renewal_snooze_date)
        with freeze_time("2027-12-30 12:00:00"):
            renewal.action_snooze_renewal()
        self.assertEqual(renewal.renewal_snooze_date, date(2027, 12, 31))
        with self.assertRaises(AccessError):
            renewal.with_user(self.auditor).action_snooze_renewal()

    def test_renewals_weigh_the_revenue_at_risk(self):
        """R32: what is due, by the money that hangs on it."""
        with freeze_time("2027-06-01 12:00:00"):
            self._iaas_order(self.contract, (self.server, 10)).action_confirm()
        renewal = self._renewal()
        self.env.flush_all()
        self.assertEqual(renewal.revenue_12m, 640)
        row = self.env["iaas.contract.stage.report"].search(
            [("contract_id", "=", renewal.id), ("is_current", "=", True)]
        )
        self.assertEqual(row.renewal_due_date, date(2027, 12, 31))
        self.assertEqual(row.revenue_12m, 640)

    def test_screens_open(self):
        renewal = self._renewal()
        accountant = self._iaas_user("accountant", "account.group_account_invoice")
        for user in (self.sales_user, self.ops_user, self.auditor, accountant):
            for view in ("kanban", "list", "calendar"):
                view_id = self.env.ref(
                    f"iaas_contract.iaas_contract_view_{view}_renewal"
                )
                self.env["iaas.contract"].with_user(user).get_view(view_id.id, view)
            Form(renewal.with_user(user))
            renewal.with_user(user).read(["revenue_12m", "renewal_days_left"])
