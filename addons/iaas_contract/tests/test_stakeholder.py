from datetime import date

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_deal import DealCommon

OBJECTION = "iaas_contract.mail_activity_type_objection"


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestStakeholder(DealCommon):
    def test_role_comes_from_the_contact(self):
        stakeholder = self._stakeholder(self.contact)
        self.assertEqual(stakeholder.role_id, self.role_decision_maker)
        self.assertEqual(stakeholder.customer_id, self.customer)
        self.assertEqual(stakeholder.user_id, self.sales_user)

    def test_open_objection_lowers_the_forecast(self):
        """R43: an unhandled "against" lowers the forecast, a handled one does not."""
        self.lead.probability = 50
        self.assertEqual(self.lead.prorated_revenue, 50_000)
        against = self._stakeholder(
            self.contact, stance="against", objection="Too dear"
        )
        self.assertEqual(self.lead.iaas_objection_percent, 40)
        self.assertEqual(self.lead.prorated_revenue, 30_000)
        against.plan = "Showed the total cost of ownership"
        against.action_handle()
        self.assertEqual(self.lead.iaas_objection_percent, 0)
        self.assertEqual(self.lead.prorated_revenue, 50_000)

    def test_several_objections_never_go_below_nothing(self):
        self.lead.probability = 50
        people = self.env["res.partner"].create(
            [{"name": name, "parent_id": self.customer.id} for name in "ABCDEFGH"]
        )
        for person in people:
            self._stakeholder(
                person,
                stance="against",
                objection="No",
                role_id=self.role_decision_maker.id,
            )
        expected = 50_000 * 0.6**8
        self.assertAlmostEqual(self.lead.prorated_revenue, expected, 0)
        self.role_decision_maker.objection_percent = 100
        self.assertEqual(self.lead.prorated_revenue, 0)

    def test_neutral_and_for_do_not_lower(self):
        self.lead.probability = 50
        self._stakeholder(self.contact, stance="neutral")
        self.assertEqual(self.lead.prorated_revenue, 50_000)

    def test_what_is_won_is_won(self):
        self._stakeholder(self.contact, stance="against", objection="Too dear")
        self.lead.action_set_won()
        self.assertEqual(self.lead.prorated_revenue, 100_000)

    def test_recurring_forecast_is_lowered_too(self):
        plan = self.env["crm.recurring.plan"].create(
            {"name": "Year", "number_of_months": 12}
        )
        self.lead.write(
            {"recurring_revenue": 12_000, "recurring_plan": plan.id, "probability": 50}
        )
        self._stakeholder(self.contact, stance="against", objection="Too dear")
        self.assertEqual(self.lead.recurring_revenue_prorated, 3_600)
        self.assertEqual(self.lead.recurring_revenue_monthly_prorated, 300)

    def test_new_objection_is_open_again(self):
        against = self._stakeholder(
            self.contact, stance="against", objection="Too dear", plan="Compare"
        )
        against.action_handle()
        against.objection = "Too slow"
        self.assertTrue(against.is_open_objection)
        against.action_handle()
        against.action_reopen()
        self.assertTrue(against.is_open_objection)

    def test_objection_is_an_activity_of_its_owner(self):
        against = self._stakeholder(
            self.contact,
            stance="against",
            objection="Too dear",
            date_deadline=date(2026, 3, 20),
        )
        activity = against.activity_search([OBJECTION])
        self.assertEqual(activity.user_id, self.sales_user)
        self.assertEqual(activity.date_deadline, date(2026, 3, 20))
        against.user_id = self.ops_user
        self.assertEqual(activity.user_id, self.ops_user)
        against.stance = "for"
        self.assertFalse(against.activity_search([OBJECTION]))

    def test_handled_needs_a_plan(self):
        against = self._stakeholder(
            self.contact, stance="against", objection="Too dear"
        )
        with self.assertRaisesRegex(UserError, "plan"):
            against.action_handle()
        against.plan = "Compared"
        against.action_handle()
        self.assertFalse(against.activity_search([OBJECTION]))
        with self.assertRaisesRegex(UserError, "no open objection"):
            against.action_handle()

    @mute_logger("odoo.sql_db")
    def test_against_says_why(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._stakeholder(self.contact, stance="against")

    @mute_logger("odoo.sql_db")
    def test_once_per_deal(self):
        self._stakeholder(self.contact)
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self._stakeholder(self.contact)

    @mute_logger("odoo.sql_db")
    def test_belongs_to_a_deal(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env["iaas.stakeholder"].create({"partner_id": self.contact.id})

    def test_contract_forecast(self):
        """R43 on the contract: until it is signed."""
        contract = self._iaas_contract(self.customer, expected_revenue=60_000)
        self.assertEqual(contract.forecast_revenue, 60_000)
        self.env["iaas.stakeholder"].create(
            {
                "contract_id": contract.id,
                "partner_id": self.contact.id,
                "stance": "against",
                "objection": "Purchasing has its own channels",
            }
        )
        self.assertEqual(contract.forecast_revenue, 36_000)
        contract.signed_date = date(2026, 3, 10)
        self.assertEqual(contract.forecast_revenue, 60_000)

    def test_contract_takes_over_the_opportunity(self):
        before = self._stakeholder(self.contact)
        contract = self._iaas_contract(self.customer, opportunity_id=self.lead.id)
        self.assertEqual(contract.stakeholder_ids, before)
        other = self.contact.copy({"parent_id": self.customer.id})
        role = self.role_decision_maker.id
        later = self._stakeholder(other, role_id=role)
        self.assertEqual(later.contract_id, contract)
        contract.unlink()
        self.assertEqual(self.lead.iaas_stakeholder_ids, before + later)

    def test_new_contract_from_the_opportunity(self):
        action = self.lead.with_user(self.sales_user).action_new_iaas_contract()
        contract = (
            self.env["iaas.contract"]
            .with_user(self.sales_user)
            .with_context(**action["context"])
            .create({"date_start": date(2026, 4, 1)})
        )
        self.assertEqual(contract.partner_id, self.customer)
        self.assertEqual(contract.expected_revenue, 100_000)
        self.assertEqual(self.lead.iaas_contract_count, 1)

    def test_deleted_opportunity_leaves_the_contract_its_own(self):
        before = self._stakeholder(self.contact)
        contract = self._iaas_contract(self.customer, opportunity_id=self.lead.id)
        self.lead.unlink()
        self.assertEqual(contract.stakeholder_ids, before)

    def test_merged_opportunities_keep_what_is_known(self):
        competitor = self.env["iaas.competitor"].create({"name": "Merged"})
        lead = self.lead.copy({"name": "Cloud, too", "partner_id": self.customer.id})
        self._stakeholder(self.contact, lead_id=lead.id)
        for deal, product in ((self.lead, self.server), (lead, self.disk)):
            self.env["iaas.competitor.offer"].create(
                {
                    "lead_id": deal.id,
                    "competitor_id": competitor.id,
                    "line_ids": [
                        Command.create(
                            {"product_id": product.id, "competitor_price": "1"}
                        )
                    ],
                }
            )
        merged = (self.lead + lead).merge_opportunity()
        self.assertEqual(merged.iaas_stakeholder_ids.partner_id, self.contact)
        offer = merged.iaas_competitor_offer_ids
        self.assertEqual(offer.line_ids.product_id, self.server + self.disk)

    def test_salespeople_see_their_own_deals(self):
        """As with opportunities; what belongs to contracts is open to all."""
        mine = self._stakeholder(self.contact)
        colleague = self._iaas_user("colleague", "sales_team.group_sale_salesman")
        manager = self._iaas_user(
            "all_leads", "sales_team.group_sale_salesman_all_leads"
        )
        estimate = self.env["iaas.deal.estimate"].create(
            {
                "lead_id": self.lead.id,
                "line_ids": [Command.create({"product_id": self.server.id})],
            }
        )
        pack = self.env["iaas.negotiation"].create(
            {
                "lead_id": self.lead.id,
                "line_ids": [Command.create({"product_id": self.server.id})],
                "move_ids": [Command.create({"description": "Discount"})],
            }
        )
        offer = self.env["iaas.competitor.offer"].create(
            {
                "lead_id": self.lead.id,
                "competitor_id": self.env["iaas.competitor"].create({"name": "N"}).id,
                "line_ids": [
                    Command.create(
                        {"product_id": self.server.id, "competitor_price": "1"}
                    )
                ],
            }
        )
        everything = (
            mine,
            estimate,
            estimate.line_ids,
            pack,
            pack.line_ids,
            pack.move_ids,
            offer,
            offer.line_ids,
        )
        company = self.env["res.company"].create({"name": "Second Cloud"})
        stranger = self._iaas_user(
            "stranger",
            "sales_team.group_sale_salesman_all_leads",
            company_id=company.id,
            company_ids=company.ids,
        )
        for records in everything:
            for user in (self.sales_user, manager, self.auditor):
                records.with_user(user).check_access("read")
            for user in (colleague, self.ops_user, stranger):
                self._assert_denied(records, user, "read")
            self._assert_denied(records, self.auditor, "write", "create", "unlink")
            self._assert_denied(records, self.solution_engineer, "write")
        contract = self._iaas_contract(self.customer, opportunity_id=self.lead.id)
        for records in everything:
            for user in (colleague, self.ops_user):
                records.with_user(user).check_access("write")
            self._assert_denied(records, stranger, "read")
        self.assertEqual(contract.stakeholder_ids, mine)

    def test_customer_never_sees_the_inside(self):
        """Forecast, stakeholders and prices of competitors stay with us."""
        contract = self._iaas_contract(
            self.customer, state="active", expected_revenue=60_000
        )
        portal = self._iaas_portal_user("inside", self.customer)
        for name in (
            "forecast_revenue",
            "objection_percent",
            "expected_revenue",
            "opportunity_id",
            "stakeholder_ids",
            "competitor_offer_ids",
            "negotiation_ids",
            "deal_estimate_ids",
        ):
            with self.subTest(name), self.assertRaises(AccessError):
                contract.with_user(portal).read([name])
