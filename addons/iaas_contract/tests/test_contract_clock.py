from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.iaas_contract_clock import IaasContract
from .common import IaasContractCommon

ESCALATION = "iaas_contract.mail_activity_type_escalation"


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractClock(IaasContractCommon):
    """R33: planned and actual dates, reasons, whose move it is, escalation."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier_large.write(
            {
                "stage_days_review": 5,
                "stage_days_approval": 3,
                "stage_days_sent": 2,
                "stage_days_signed": 30,
                "escalation_days": 5,
            }
        )
        # Addons that bill count what was billed instead of the orders.
        cls.classPatch(
            cls.registry["iaas.contract"],
            "_query_revenue",
            IaasContract._query_revenue,
        )
        cls.manager = cls._iaas_user("sales_manager", "sales_team.group_sale_manager")

    def _new_contract(self, **values):
        contract = self._iaas_contract(
            self.customer, **{"date_start": date(2026, 3, 1), **values}
        )
        return contract.with_user(self.sales_user)

    def _stage(self, contract, stage):
        return contract.sudo().stage_ids.filtered(lambda s: s.stage == stage)

    def _advance(self, contract, state, **values):
        """Let the system move the contract, whatever its approval says."""
        contract.sudo().write({"state": state, **values})

    def test_plan_follows_tier(self):
        contract = self._new_contract()
        planned = {s.stage: s.date_planned for s in contract.stage_ids}
        self.assertEqual(planned["sent"], date(2026, 3, 20))
        self.assertEqual(planned["signed"], date(2026, 4, 19))
        self.assertEqual(planned["active"], date(2026, 4, 19))
        later = self._new_contract(date_start=date(2026, 6, 1))
        self.assertEqual(self._stage(later, "active").date_planned, date(2026, 6, 1))

    def test_no_tier_has_a_plan(self):
        self.customer.iaas_tier_id = False
        contract = self._new_contract()
        self.assertEqual(self._stage(contract, "sent").date_planned, date(2026, 3, 20))

    def test_deadline_is_the_plan(self):
        contract = self._new_contract(signature_deadline=date(2026, 3, 12))
        self.assertEqual(
            self._stage(contract, "signed").date_planned, date(2026, 3, 12)
        )
        self.assertEqual(self._stage(contract, "sent").date_planned, date(2026, 3, 12))
        contract.signature_deadline = date(2026, 3, 31)
        self.assertEqual(
            self._stage(contract, "signed").date_planned, date(2026, 3, 31)
        )
        self.assertEqual(self._stage(contract, "sent").date_planned, date(2026, 3, 20))

    def test_each_step_is_stamped(self):
        contract = self._new_contract()
        with freeze_time("2026-03-25 12:00:00"):
            self._advance(contract, "sent")
        sent = self._stage(contract, "sent")
        self.assertEqual(sent.date_actual, date(2026, 3, 25))
        self.assertEqual(sent.days_late, 5)
        self.assertEqual(contract.next_stage_id.stage, "signed")
        with freeze_time("2026-04-20 12:00:00"):
            self._advance(contract, "signed", signed_date=date(2026, 4, 18))
        self.assertEqual(self._stage(contract, "signed").date_actual, date(2026, 4, 18))
        self.assertEqual(self._stage(contract, "signed").days_late, 0)
        with freeze_time("2026-04-20 12:00:00"):
            self._advance(contract, "active")
        self.assertFalse(contract.next_stage_id)
        with freeze_time("2027-12-01 12:00:00"):
            self._advance(contract, "expiring")
        self.assertEqual(
            self._stage(contract, "expiring").date_actual, date(2027, 12, 1)
        )

    def test_actions_stamp_too(self):
        contract = self._new_contract()
        contract.sudo().action_send()
        self.assertEqual(self._stage(contract, "sent").date_actual, date(2026, 3, 10))

    def test_step_back_keeps_the_first_plan(self):
        contract = self._new_contract()
        self._advance(contract, "sent")
        first = self._stage(contract, "sent")
        with freeze_time("2026-04-01 12:00:00"):
            self._advance(contract, "draft")
            again = self._stage(contract, "sent")
            self.assertFalse(first.active)
            self.assertNotEqual(again, first)
            self.assertFalse(again.date_actual)
            self.assertEqual(again.date_planned, date(2026, 3, 20))
            self.assertEqual(again.days_late, 12)
            self.assertIn(contract.next_stage_id.stage, ("review", "sent"))

    def test_prolonged_contract_goes_back_to_active(self):
        contract = self._new_contract()
        self._advance(contract, "active")
        reached = self._stage(contract, "active")
        self._advance(contract, "expiring")
        self._advance(contract, "active")
        self.assertEqual(self._stage(contract, "active"), reached)
        self.assertFalse(self._stage(contract, "expiring"))
        self.assertFalse(contract.next_stage_id)

    def test_what_people_may_say(self):
        """R33: the owner gives reason and forecast; only a manager moves the plan."""
        contract = self._new_contract()
        stage = contract.stage_ids[0]
        stage.write(
            {
                "date_forecast": date(2026, 5, 1),
                "delay_reason": "terms",
                "waiting_for": "customer",
                "waiting_department": "legal",
            }
        )
        for values in (
            {"date_planned": date(2026, 6, 1)},
            {"date_actual": date(2026, 3, 1)},
            {"stage": "active"},
        ):
            with self.assertRaisesRegex(UserError, "cannot be changed by hand"):
                stage.write(values)
        stage.with_user(self.manager).date_planned = date(2026, 6, 1)
        self.assertIn("2026-06-01", contract.message_ids[:1].body)
        with self.assertRaisesRegex(UserError, "Reached"):
            stage.with_user(self.manager).date_actual = date(2026, 3, 1)
        for user in (self.auditor, self.solution_engineer):
            stage.with_user(user).read(["days_late"])
            with self.assertRaises(AccessError):
                stage.with_user(user).delay_note = "?"
        with self.assertRaises(AccessError):
            stage.unlink()

    def _watch(self):
        cron = self.env.ref("iaas_contract.ir_cron_iaas_contract_clocks")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()

    def test_escalation_once(self):
        """R33: after the patience of the tier the manager is asked, once."""
        team = self.env["crm.team"].create(
            {"name": "Large accounts", "user_id": self.manager.id}
        )
        self.env["crm.team.member"].create(
            {"crm_team_id": team.id, "user_id": self.sales_user.id}
        )
        contract = self._new_contract(signature_deadline=date(2026, 3, 12))
        self._advance(contract, "sent")
        with freeze_time("2026-03-17 12:00:00"):
            self._watch()
            self.assertFalse(contract.activity_search([ESCALATION]))
        for day in ("2026-03-18 12:00:00", "2026-03-19 12:00:00"):
            with freeze_time(day):
                self._watch()
        activity = contract.activity_search([ESCALATION])
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.manager)
        self.assertEqual(
            self._stage(contract, "signed").escalation_date, date(2026, 3, 18)
        )
        self._advance(contract, "active")
        self.assertFalse(contract.activity_search([ESCALATION]))

    def test_escalation_goes_where_the_tier_says(self):
        self.tier_large.escalation_user_id = self.ops_manager
        contract = self._new_contract(signature_deadline=date(2026, 3, 1))
        contract.sudo()._escalate()
        activity = contract.activity_search([ESCALATION])
        self.assertEqual(activity.user_id, self.ops_manager)

    @mute_logger("odoo.addons.iaas_contract.models.iaas_contract_clock")
    def test_escalation_goes_on_after_a_failure(self):
        broken = self._new_contract(signature_deadline=date(2026, 3, 1))
        sound = self._new_contract(signature_deadline=date(2026, 3, 1))
        escalate = type(broken)._escalate

        def escalate_or_fail(contract):
            if contract.id == broken.id:
                raise UserError(contract.name)
            return escalate(contract)

        self.patch(self.registry["iaas.contract"], "_escalate", escalate_or_fail)
        self._watch()
        self.assertFalse(broken.activity_search([ESCALATION]))
        self.assertTrue(sound.activity_search([ESCALATION]))

    def _rows(self, *contracts):
        ids = [contract.id for contract in contracts]
        self.env.flush_all()
        self.env["iaas.contract.stage.report"].invalidate_model()
        return (
            self.env["iaas.contract.stage.report"]
            .with_user(self.sales_user)
            .search([("contract_id", "in", ids), ("is_current", "=", True)])
        )

    def test_delay_board(self):
        """R32, R33: top customers first, their money counted once."""
        self.other_customer.sudo().iaas_verification_state = "verified"
        self._iaas_order(self.contract, (self.server, 10)).action_confirm()
        late = self._new_contract(signature_deadline=date(2026, 3, 8))
        later = self._new_contract()
        small = self._iaas_contract(
            self.other_customer, signature_deadline=date(2026, 2, 1)
        )
        rows = self._rows(late, later, small)
        self.assertEqual(
            rows.contract_id, (late + later + small).with_user(self.sales_user)
        )
        first, second, last = rows
        self.assertEqual(
            [first.contract_id, second.contract_id, last.contract_id],
            [late, later, small.with_user(self.sales_user)],
        )
        self.assertTrue(first.is_top and second.is_top)
        self.assertFalse(last.is_top)
        self.assertEqual(first.days_late, 2)
        self.assertEqual(last.days_late, 37)
        self.assertEqual(first.revenue_12m, 800)
        waiting = self.env["iaas.contract"].search_count(
            [("partner_id", "=", self.customer.id), ("next_stage_id", "!=", False)]
        )
        self.assertAlmostEqual(first.revenue_at_risk, 800 / waiting)
        self.assertEqual(
            self.env["iaas.contract"]._get_revenue_12m(
                self.customer + self.other_customer
            ),
            {self.customer: 800, self.other_customer: 0},
        )
        self.assertEqual(first.action_open_contract()["res_id"], late.id)

    def test_only_ten_are_top(self):
        customers = [
            self._iaas_customer(
                f"Customer {n}", self.tier_small, iaas_verification_state="verified"
            )
            for n in range(11)
        ]
        for size, customer in enumerate(customers, start=1):
            contract = self._iaas_contract(customer, state="active")
            self._iaas_order(contract, (self.server, size)).action_confirm()
        waiting = [self._iaas_contract(customer) for customer in customers]
        top = self._rows(*waiting).filtered("is_top").partner_id
        self.assertNotIn(customers[0], top)
        self.assertTrue(set(customers[1:]) <= set(top))

    def test_on_time_by_owner(self):
        contract = self._new_contract()
        self._advance(contract, "sent")
        with freeze_time("2026-04-25 12:00:00"):
            self._advance(contract, "signed")
            self.env.flush_all()
            found = self.env["iaas.contract.stage.report"]._read_group(
                [("contract_id", "=", contract.id), ("on_time", "!=", False)],
                ["stage"],
                ["on_time:avg"],
            )
        on_time = dict(found)
        self.assertEqual(on_time["sent"], 100)
        self.assertEqual(on_time.get("signed", 0), 0)

    def test_other_company_stays_hidden(self):
        company = self.env["res.company"].create({"name": "Second Cloud"})
        contract = self._iaas_contract(self.customer, company_id=company.id)
        self.env.flush_all()
        for model in ("iaas.contract.stage", "iaas.contract.stage.report"):
            self.assertFalse(
                self.env[model]
                .with_user(self.sales_user)
                .search([("contract_id", "=", contract.id)])
            )

    def test_portal_sees_no_clock(self):
        portal = self._iaas_portal_user("portal", self.customer)
        with self.assertRaises(AccessError):
            self.contract.with_user(portal).read(["stage_ids"])
        for model in ("iaas.contract.stage", "iaas.contract.stage.report"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(portal).search([])

    def test_owner_edits_on_the_form(self):
        contract = self._new_contract()
        with Form(contract) as form:
            form.next_step = "Call their lawyers"
            with form.stage_ids.edit(0) as line:
                line.waiting_for = "customer"
        self.assertEqual(contract.stage_ids[0].waiting_for, "customer")
