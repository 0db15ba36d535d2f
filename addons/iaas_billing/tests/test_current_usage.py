from datetime import date
from decimal import Decimal
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestCurrentUsage(IaasBillingCommon):
    """What the running period comes to, and the customer's budgets (R49, issue 4).
    It is 10 July 2026, 09:00 UTC: 9 days and 9 hours of 31 days are over."""

    share = Decimal(9 * 24 + 9) / (31 * 24)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._keep_transaction()
        cls.meter.daily_dimensions = "region"
        cls.server_resource = cls._iaas_resource(cls.server)
        cls.traffic_resource = cls._iaas_resource(cls.traffic)
        cls._use(
            cls.traffic_resource,
            ("2026-06-30 23:59:59", "5000"),
            ("2026-07-02 10:00:00", "300"),
            ("2026-07-05 10:00:00", "100"),
        )
        cls.contact = cls.env["res.partner"].create(
            {
                "name": "Head of IT",
                "parent_id": cls.customer.id,
                "email": "it@customer.example",
            }
        )

    def _entries(self):
        self.env["iaas.current.usage"]._refresh(self.contract)
        return self.contract.current_usage_ids.grouped("product_id")

    def test_so_far_and_by_the_end(self):
        entries = self._entries()
        server, traffic = entries[self.server], entries[self.traffic]
        self.assertAlmostEqual(server.amount_to_date, float(80 * self.share), 2)
        self.assertEqual(server.amount_projected, 80)
        self.assertEqual(traffic.amount_to_date, 34)
        self.assertAlmostEqual(traffic.amount_projected, float(34 / self.share), 2)
        self.assertEqual(traffic.quantity, 400)
        self.assertEqual(
            (traffic.date_from, traffic.date_to), (date(2026, 7, 1), date(2026, 7, 31))
        )

    def test_no_statement_is_left(self):
        number = self.env["iaas.statement"].search_count([])
        next_number = self.env["ir.sequence"].search([("code", "=", "iaas.statement")])
        before = next_number.number_next_actual
        self._entries()
        self.assertEqual(self.env["iaas.statement"].search_count([]), number)
        self.assertEqual(next_number.number_next_actual, before)

    def test_refreshed_follows_the_usage(self):
        self._entries()
        self._use(self.traffic_resource, ("2026-07-06 10:00:00", "600"))
        self.assertEqual(self._entries()[self.traffic].amount_to_date, 85)
        self.assertEqual(len(self.contract.current_usage_ids), 2)

    def test_a_peak_is_not_projected(self):
        meter = self._iaas_meter(self.disk, "disk.peak", "max")
        disk = self._iaas_resource(self.disk)
        self._use(disk, ("2026-07-03 10:00:00", "200"), meter=meter)
        entry = self._entries()[self.disk].filtered("meter_id")
        self.assertEqual(entry.amount_to_date, entry.amount_projected)

    def test_contract_without_a_price_says_so(self):
        other = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 7, 1)
        )
        self._iaas_resource(self.database, other, date_start=date(2026, 7, 1))
        self.database.iaas_price_ids.active = False
        self.env["iaas.current.usage"]._refresh(self.contract + other)
        self.assertIn("no price", other.current_usage_problem)
        self.assertFalse(other.current_usage_ids)
        self.assertTrue(self.contract.current_usage_ids)
        self.assertFalse(self.contract.current_usage_problem)

    def test_breakdown_adds_up(self):
        self._entries()
        Usage = self.env["iaas.current.usage"]
        total = sum(self.contract.current_usage_ids.mapped("amount_to_date"))
        for by in ("product", "resource", "day"):
            rows = Usage._get_breakdown(self.contract, by)
            self.assertAlmostEqual(sum(float(row[1]) for row in rows), total, 2, msg=by)
        days = {
            row[0]: float(row[1]) for row in Usage._get_breakdown(self.contract, "day")
        }
        fee = float(80 * self.share) / 10
        self.assertAlmostEqual(days[date(2026, 7, 2)], 25.5 + fee, 2)
        self.assertAlmostEqual(days[date(2026, 7, 3)], fee, 2)
        self.assertEqual(Usage._get_tag_names(self.contract), ["region"])
        self.assertEqual(
            Usage._get_breakdown(self.contract, "tag", "region")[0][0], "Without region"
        )

    def test_cron_covers_all_in_force_and_forgets_the_others(self):
        self.env["iaas.current.usage"]._cron_refresh()
        self.assertTrue(self.contract.current_usage_ids)
        self.contract._terminate(date(2026, 7, 9), "closes down")
        self.contract.state = "terminated"
        self.env["iaas.current.usage"]._cron_refresh()
        self.assertFalse(self.contract.current_usage_ids)

    def test_cron_that_is_out_of_time_goes_on_behind_what_it_has_rated(self):
        usage = self.env["iaas.current.usage"]
        other = self._iaas_contract(
            self.customer, state="active", date_start=date(2026, 1, 1)
        )
        module = "odoo.addons.iaas_billing.models.iaas_current_usage"
        rated = []
        with (
            patch.object(
                type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_kw: 0
            ),
            patch(f"{module}._BATCH_SIZE", 1),
            patch.object(
                type(usage), "_get_contracts", lambda _u: self.contract + other
            ),
            patch.object(type(usage), "_refresh", lambda _u, some: rated.append(some)),
        ):
            for _call in range(4):
                usage._cron_refresh()
        # The third call finds that all are rated; the fourth begins anew.
        self.assertEqual(rated, [self.contract, other, self.contract])

    def test_revenue_estimate(self):
        """R49: from what was billed to what was ordered, month by month."""
        self._bill_month(2026, 5)
        self._entries()
        order = self._iaas_order(self.contract, (self.server, 2))
        order.action_quotation_sent()
        self.env.flush_all()
        rows = (
            self.env["iaas.revenue.estimate"]
            .with_user(self.billing_user)
            ._read_group(
                [("contract_id", "=", self.contract.id)],
                ["kind", "month:month"],
                ["amount:sum"],
            )
        )
        amounts = {(kind, month.month): amount for kind, month, amount in rows}
        projected = sum(self.contract.current_usage_ids.mapped("amount_projected"))
        self.assertEqual(amounts["billed", 5], 80)
        self.assertAlmostEqual(amounts["running", 7], projected, 2)
        for month, days in ((8, 31), (9, 30), (10, 31)):
            self.assertAlmostEqual(amounts["pace", month], projected * days / 31, 1)
        self.assertNotIn(("pace", 11), amounts)
        self.assertEqual(amounts["quoted", 7], 160)

    # ------------------------------------------------------------------
    # Budgets
    # ------------------------------------------------------------------

    def _budget(self, amount, **values):
        return self.env["iaas.budget"].create(
            {
                "contract_id": self.contract.id,
                "amount": amount,
                "contact_id": self.contact.id,
                **values,
            }
        )

    def _mails(self):
        return self.env["mail.mail"].search(
            [("recipient_ids", "in", self.contact.ids)], order="id"
        )

    def test_told_once_per_level(self):
        budget = self._budget(70, product_id=self.traffic.id, alert_percent=40)
        self.env["iaas.current.usage"]._cron_refresh()
        # 34 of 70 so far, some 112 by the end of the month.
        self.assertEqual(budget.level, "projected")
        self.assertEqual(len(self._mails()), 1)
        self.assertIn("70.00", self._mails().body_html)
        self.env["iaas.current.usage"]._cron_refresh()
        self.assertEqual(len(self._mails()), 1)
        self._use(self.traffic_resource, ("2026-07-06 10:00:00", "600"))
        self.env["iaas.current.usage"]._cron_refresh()
        self.assertEqual((budget.level, len(self._mails())), ("exceeded", 2))

    def test_within_the_budget_nobody_is_told(self):
        budget = self._budget(10000)
        self.env["iaas.current.usage"]._cron_refresh()
        self.assertFalse(budget.level)
        self.assertFalse(self._mails())

    def test_told_again_in_the_next_period(self):
        budget = self._budget(30, product_id=self.traffic.id)
        self.env["iaas.current.usage"]._cron_refresh()
        self.assertEqual((budget.level, len(self._mails())), ("exceeded", 1))
        budget.sudo().alerted_period = date(2026, 6, 1)
        self.env["iaas.current.usage"]._cron_refresh()
        self.assertEqual(len(self._mails()), 2)

    def test_an_alert_that_fails_keeps_no_other_back(self):
        first = self._budget(30, product_id=self.traffic.id)
        second = self._budget(31)
        Budget = self.env.registry["iaas.budget"]
        tell = Budget._tell

        def fail(budget):
            if budget == first:
                raise ValueError("no mail")
            return tell(budget)

        with (
            patch.object(Budget, "_tell", fail),
            mute_logger("odoo.addons.iaas_billing.models.iaas_budget"),
        ):
            self.env["iaas.current.usage"]._cron_refresh()
        self.assertEqual((first.level, second.level), (False, "exceeded"))
        self.env["iaas.current.usage"]._cron_refresh()
        self.assertEqual(first.level, "exceeded")

    def test_one_budget_per_service(self):
        self._budget(100)
        self._budget(100, product_id=self.server.id)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self._budget(200)

    def test_contact_is_of_the_customer(self):
        with self.assertRaisesRegex(ValidationError, "no contact of"):
            self._budget(100, contact_id=self.other_customer.id)

    def test_typed_amounts(self):
        nothing = self.env["product.product"]
        self.contract._set_budget(nothing, "1,500.50", "75", self.contact)
        self.assertEqual(self.contract.budget_ids.amount, 1500.5)
        for text in ("abc", "-1", "0", "nan", "1e400", "100,50", "1,00", ",5"):
            with self.assertRaisesRegex(UserError, "is no number above"):
                self.contract._set_budget(nothing, text, "75", self.contact)
        # Written as the reader's language does; nothing is made a hundred times it.
        german = self.env["res.lang"]._activate_lang("de_DE")
        contract = self.contract.with_context(lang=german.code)
        contract._set_budget(nothing, "1.500,50", "75", self.contact)
        self.assertEqual(self.contract.budget_ids.amount, 1500.5)
        with self.assertRaisesRegex(UserError, "is no number above"):
            contract._set_budget(nothing, "1500.50", "75", self.contact)
        self.contract._set_budget(nothing, " ", "75", self.contact)
        self.assertFalse(self.contract.budget_ids)
