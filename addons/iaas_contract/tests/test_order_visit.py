from datetime import date

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestOrderVisit(IaasContractCommon):
    """R51: what happens to the orders of a customer calls for a visit."""

    def _order(self, *lines):
        order = self._iaas_order(self.contract, *lines)
        order.with_user(self.sales_user).action_confirm()
        return order

    def _visits(self):
        return self.customer.activity_ids.filtered(
            lambda activity: (
                activity.activity_type_id
                == self.env.ref("iaas_contract.mail_activity_type_visit")
            )
        )

    def _made(self):
        """Make the visits that are planned."""
        self._visits().action_feedback("All well")

    def test_first_order(self):
        order = self._order((self.server, 1))
        visit = self._visits()
        self.assertEqual(visit.summary, "Visit: first order")
        self.assertIn(order.name, visit.note)
        self.assertEqual(visit.user_id, self.sales_user)
        self.assertEqual(visit.date_deadline, date(2026, 3, 24))
        self._made()
        self._order((self.traffic, 1))
        self.assertFalse(self._visits())

    def test_confirmed_again_asks_once(self):
        order = self._order((self.server, 1))
        order._action_cancel()
        order.action_draft()
        order.action_confirm()
        self.assertEqual(len(self._visits()), 1)

    def test_large_order(self):
        self._order((self.server, 10))
        self._made()
        self._order((self.server, 2))
        self.assertFalse(self._visits())
        order = self._order((self.server, 4))
        visit = self._visits()
        self.assertEqual(visit.summary, "Visit: large change of orders")
        self.assertIn(f"{order.name} changes the monthly fees by +33 %", visit.note)
        self._made()
        self.tier_large.visit_change_percent = 0
        self._order((self.server, 50))
        self.assertFalse(self._visits())

    def test_large_stop(self):
        servers = self._order((self.server, 10)).iaas_resource_ids
        self._made()
        servers[:2]._stop(date(2026, 3, 10))
        self.assertFalse(self._visits())
        with freeze_time("2026-06-01 12:00:00"):
            self.tier_large.visit_change_percent = 25
            servers[2:4]._stop(date(2026, 6, 1))
            self.assertIn(
                "The stop of resources changes the monthly fees by -25 %",
                self._visits().note,
            )

    def test_three_stops_in_thirty_days(self):
        servers = self._order((self.server, 40)).iaas_resource_ids
        self._made()
        for day in (10, 20):
            with freeze_time(f"2026-03-{day} 12:00:00"):
                servers[day]._stop(date(2026, 3, day))
        self.assertFalse(self._visits())
        with freeze_time("2026-05-05 12:00:00"):
            servers[30]._stop(date(2026, 5, 5))
            self.assertFalse(self._visits())
            servers[31:33]._stop(date(2026, 5, 5))
            visit = self._visits()
            self.assertEqual(visit.summary, "Visit: several stops")
            self.assertIn("3 resources stopped within 30 days", visit.note)
            self._made()
            servers[33]._stop(date(2026, 5, 5))
            self.assertFalse(self._visits())

    def test_cancelled_orders_are_no_stops(self):
        order = self._order((self.server, 5))
        self._made()
        order._action_cancel()
        self.assertFalse(self._visits())

    def test_list_of_visits(self):
        """Purpose, outcome and the next step stand in one list."""
        self._order((self.server, 1))
        visit = self._visits()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.mail_activity_action_visits"
        )
        visits = self.env["mail.activity"].with_user(self.sales_user)
        domain = safe_eval(action["domain"])
        self.assertIn(visit, visits.search(domain))
        visit.with_user(self.sales_user).action_feedback("Wants a second region")
        listed = visits.search(domain)
        self.assertEqual(listed.feedback, "Wants a second region")
        self.assertTrue(listed.date_done)
        step = self.env.ref("iaas_contract.mail_activity_type_visit_next")
        self.assertIn(step, visit.activity_type_id.suggested_next_type_ids)
        self.customer.with_user(self.sales_user).activity_schedule(
            "iaas_contract.mail_activity_type_visit_next", summary="Offer the region"
        )
        self.assertEqual(len(visits.search(domain)), 2)
