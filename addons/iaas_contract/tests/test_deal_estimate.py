from decimal import Decimal
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.tests import Form, tagged

from .common_deal import DealCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestDealEstimate(DealCommon):
    def _estimate(self, *lines, **values):
        return self.env["iaas.deal.estimate"].create(
            {
                "lead_id": self.lead.id,
                "months": 12,
                "line_ids": [
                    Command.create(
                        {"product_id": product.id, "quantity": quantity, **more}
                    )
                    for product, quantity, more in lines
                ],
                **values,
            }
        )

    def test_margin_and_break_even(self):
        """R11: 10 servers at 80 less 10 %, cost 48; set-up 500 once; 3,380 up front."""
        estimate = self._estimate(
            (self.server, 10, {"discount": 10, "unit_cost": 48}),
            (self.setup_fee, 1, {"unit_cost": 200}),
            upfront_cost=3180,
        )
        servers, setup = estimate.line_ids
        self.assertEqual(servers.list_amount, Decimal(800))
        self.assertEqual(servers.revenue, Decimal(720))
        self.assertEqual(servers.margin_term, Decimal(2880))
        self.assertEqual(setup.margin_term, Decimal(300))
        self.assertEqual(estimate.list_total, Decimal(10100))
        self.assertEqual(estimate.revenue_total, Decimal(9140))
        self.assertEqual(estimate.cost_total, Decimal(5960 + 3180))
        self.assertEqual(estimate.margin_total, 0)
        self.assertTrue(estimate.breaks_even)
        self.assertEqual(estimate.break_even_percent, 100)
        self.assertEqual(estimate.break_even_months, 12)
        self.assertEqual(servers.break_even_quantity, 10)
        estimate.upfront_cost = 1590
        self.assertEqual(estimate.break_even_percent, 50)
        self.assertEqual(servers.break_even_quantity, 5)
        self.assertEqual(estimate.break_even_months, 6, "(1590 - 300) / 240, begun")
        self.assertFalse(estimate.warning)

    def test_never_breaks_even(self):
        estimate = self._estimate((self.server, 1, {"unit_cost": 100}), upfront_cost=1)
        self.assertFalse(estimate.breaks_even)
        self.assertEqual(estimate.break_even_percent, 0)
        self.assertEqual(estimate.break_even_months, 0)
        self.assertEqual(estimate.line_ids.margin_percent, -25)

    def test_unknown_cost_is_told(self):
        estimate = self._estimate((self.server, 1, {}))
        self.assertIn("unknown", estimate.warning)
        self.assertEqual(estimate.margin_percent, 100)

    def test_costs_come_from_whoever_knows_them(self):
        def known(review, products):
            return dict.fromkeys(products, Decimal("33.5"))

        review = self.env.registry["iaas.contract.review"]
        with patch.object(review, "_get_unit_costs", known):
            estimate = self._estimate((self.server, 2, {}))
        self.assertEqual(estimate.line_ids.unit_cost, Decimal("33.5"))
        self.assertEqual(estimate.line_ids.cost, Decimal(67))

    def test_missing_price_is_told(self):
        product = self._iaas_product("Cache", self.categ_cloud, "1")
        product.iaas_price_ids.unlink()
        estimate = self._estimate((product, 1, {"unit_cost": 1}))
        self.assertIn("no price on 2026-03-10", estimate.warning)
        self._iaas_price(product, "12")
        estimate.action_refresh()
        self.assertEqual(estimate.line_ids.list_amount, 12)
        self.assertFalse(estimate.warning)

    def test_contract_discount_and_price(self):
        self.env["iaas.contract.line"].create(
            {
                "contract_id": self.contract.id,
                "categ_id": self.categ_compute.id,
                "discount": "25",
            }
        )
        estimate = self._estimate(
            (self.server, 1, {}), lead_id=False, contract_id=self.contract.id
        )
        self.assertEqual(estimate.line_ids.revenue, Decimal(60))

    def test_apply(self):
        estimate = self._estimate((self.server, 10, {}))
        estimate.with_user(self.sales_user).action_apply()
        self.assertEqual(self.lead.expected_revenue, 9600)

    def test_form_computes_while_typing(self):
        with Form(
            self.env["iaas.deal.estimate"]
            .with_user(self.sales_user)
            .with_context(default_lead_id=self.lead.id)
        ) as form:
            with form.line_ids.new() as line:
                line.product_id = self.server
                line.quantity = 3
                self.assertEqual(line.list_amount, 240)
            self.assertEqual(form.revenue_total, 2880)

    def test_report(self):
        estimate = self._estimate(
            (self.server, 10, {"discount": 10, "unit_cost": 48}), upfront_cost=1440
        )
        html = self.env["ir.actions.report"]._render_qweb_html(
            "iaas_contract.report_deal_estimate", estimate.ids
        )[0]
        self.assertIn(b"Move to the cloud", html)
        self.assertIn("8,640.00", html.decode())
        self.assertIn(b"planned volume", html)

    def test_each_role_opens_the_deal(self):
        """R2: lead and contract with their pages, for every role that may see them."""
        self._estimate((self.server, 1, {}))
        self._stakeholder(self.contact, stance="against", objection="No")
        accountant = self._iaas_user("accounts", "account.group_account_invoice")
        for user, opened in (
            (self.sales_user, self.lead),
            (self.auditor, self.lead),
            (self.solution_engineer, self.lead),
            (self.sales_user, self.contract),
            (self.ops_user, self.contract),
            (accountant, self.contract),
        ):
            with self.subTest(user=user.login, model=opened._name):
                Form(opened.with_user(user))

    def test_typed_discount_survives_the_contract(self):
        """The contract made from the opportunity has no discount yet."""
        self._iaas_contract(self.customer, opportunity_id=self.lead.id)
        estimate = self._estimate((self.server, 1, {"discount": 10}))
        self.assertTrue(estimate.contract_id)
        self.assertEqual(estimate.line_ids.discount, 10)
