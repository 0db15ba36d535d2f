from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestOrderCredit(IaasContractCommon):
    """An order above the credit limit is blocked, and released by finance (R30)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.account_use_credit_limit = True
        cls.customer.credit_limit = 1000
        cls.finance = cls._iaas_user("finance", "account.group_account_manager")
        cls.accountant = cls._iaas_user("accountant", "account.group_account_invoice")

    def _release(self, order, user, reason="Deposit received"):
        action = order.with_user(user).action_iaas_release()
        wizard = self.env[action["res_model"]].with_user(user)
        wizard = wizard.with_context(**action["context"])
        wizard.create({"reason": reason}).action_release()

    def test_within_the_limit(self):
        order = self._iaas_order(self.contract, (self.server, 6), (self.setup_fee, 1))
        self.assertEqual(order.iaas_credit_exposure, 980)
        self.assertFalse(order.is_iaas_credit_blocked)
        order.with_user(self.sales_user).action_confirm()
        # A cycle of what runs; the fee once is settled by its statement.
        following = self._iaas_order(self.contract, (self.server, 6))
        self.assertEqual(following.iaas_credit_exposure, 960)

    def test_at_the_limit_and_a_cent_above(self):
        self.customer.credit_limit = 960
        order = self._iaas_order(self.contract, (self.server, 12))
        self.assertFalse(order.is_iaas_credit_blocked)
        self.customer.credit_limit = 959.99
        order.invalidate_recordset()
        self.assertTrue(order.is_iaas_credit_blocked)

    def test_blocked_not_warned(self):
        order = self._iaas_order(self.contract, (self.server, 13))
        with self.assertRaisesRegex(
            UserError, r"credit of Northwind Logistics to \$.1,040.00, above the limit"
        ):
            order.with_user(self.sales_user).action_confirm()
        self.assertEqual(order.state, "draft")
        self.assertFalse(order.iaas_resource_ids)

    def test_a_long_cycle_costs_more_credit(self):
        quarterly = self._iaas_contract(self.customer, state="active", cycle="quarter")
        order = self._iaas_order(quarterly, (self.server, 5))
        self.assertEqual(order.iaas_credit_exposure, 1200)
        self.assertTrue(order.is_iaas_credit_blocked)

    def test_all_contracts_of_the_customer_count(self):
        self._iaas_order(self.contract, (self.server, 10)).action_confirm()
        other = self._iaas_contract(self.customer, state="active")
        order = self._iaas_order(other, (self.server, 3))
        self.assertEqual(order.iaas_credit_exposure, 1040)
        self.assertTrue(order.is_iaas_credit_blocked)
        self.contract.resource_ids[:1]._stop(self.contract._today())
        with freeze_time("2026-03-11 12:00:00"):
            order.invalidate_recordset()
            self.assertEqual(order.iaas_credit_exposure, 960)
            self.assertFalse(order.is_iaas_credit_blocked)

    def test_open_invoices_count(self):
        if not self.env.company.chart_template:
            self.env["account.chart.template"].try_loading(
                "generic_coa", company=self.env.company, install_demo=False
            )
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create({"name": "April", "price_unit": 700, "tax_ids": []})
                ],
            }
        )
        order = self._iaas_order(self.contract, (self.server, 4))
        self.assertEqual(order.iaas_credit_exposure, 320)
        invoice.action_post()
        order.invalidate_recordset()
        self.customer.invalidate_recordset()
        self.assertEqual(order.iaas_credit_exposure, 1020)
        self.assertTrue(order.is_iaas_credit_blocked)

    def test_limit_of_the_contract(self):
        """R27: the limit that the contract agrees on holds beside the customer's."""
        other = self._iaas_contract(
            self.customer, state="active", credit_limit_amount="500"
        )
        self._iaas_order(self.contract, (self.server, 5)).action_confirm()
        self.assertFalse(
            self._iaas_order(other, (self.server, 6)).is_iaas_credit_blocked
        )
        order = self._iaas_order(other, (self.server, 7))
        self.assertTrue(order.is_iaas_credit_blocked)
        self.assertEqual(
            (order.iaas_credit_limit, order.iaas_credit_exposure), (500, 560)
        )
        both = self._iaas_order(other, (self.server, 8))
        self.assertEqual(
            (both.iaas_credit_limit, both.iaas_credit_exposure), (1000, 1040)
        )
        self._release(both, self.finance)
        both.action_confirm()
        self.assertEqual(both.state, "sale")

    def test_commitment_left(self):
        """R27: the order shows what is left of the commitment."""
        contract = self._iaas_contract(
            self.customer, state="active", cycle="quarter", commitment_amount="1000"
        )
        order = self._iaas_order(contract, (self.server, 3))
        self.assertEqual(order.iaas_commitment_left, 1000)
        order.action_confirm()
        contract.invalidate_recordset()
        self.assertEqual(contract.commitment_left, 280)
        self.customer.credit_limit = 0
        self._iaas_order(contract, (self.server, 2)).action_confirm()
        contract.invalidate_recordset()
        self.assertEqual(contract.commitment_left, 0)

    def test_no_limit_no_block(self):
        order = self._iaas_order(self.contract, (self.server, 100))
        self.customer.credit_limit = 0
        order.invalidate_recordset()
        self.assertFalse(order.is_iaas_credit_blocked)
        self.customer.credit_limit = 1000
        self.env.company.account_use_credit_limit = False
        order.invalidate_recordset()
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_released_with_a_reason(self):
        order = self._iaas_order(self.contract, (self.server, 13))
        order.with_user(self.sales_user).action_iaas_request_release()
        self.assertTrue(order.iaas_credit_hold)
        self.assertEqual(order.activity_ids.user_id, order.user_id)
        self._release(order, self.finance)
        self.assertFalse(order.iaas_credit_hold)
        self.assertFalse(order.activity_ids)
        self.assertEqual(order.iaas_credit_released, 1040)
        self.assertEqual(order.iaas_credit_releaser_id, self.finance)
        self.assertIn("Deposit received", "".join(order.message_ids.mapped("body")))
        self.assertEqual(order.state, "draft")
        order.with_user(self.sales_user).action_confirm()
        self.assertEqual(len(order.iaas_resource_ids), 13)

    def test_release_holds_for_its_amount_only(self):
        order = self._iaas_order(self.contract, (self.server, 13))
        self._release(order, self.finance)
        order.order_line.product_uom_qty = 14
        with self.assertRaisesRegex(UserError, "above the limit"):
            order.action_confirm()
        self.assertEqual(order.copy().iaas_credit_released, 0)

    def test_only_finance_releases(self):
        order = self._iaas_order(self.contract, (self.server, 13))
        for user in (self.sales_user, self.accountant, self.ops_manager, self.auditor):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
                self._release(order, user)
            with self.assertRaises(AccessError):
                order.with_user(user)._iaas_release("mine")
        for values in (
            {"iaas_credit_released": 9999},
            {"iaas_credit_hold": True},
            {"iaas_credit_releaser_id": self.finance.id},
        ):
            salesperson = order.with_user(self.sales_user)
            defaults = {f"default_{name}": value for name, value in values.items()}
            with self.assertRaisesRegex(UserError, "not set by"):
                salesperson.write(values)
            with self.assertRaisesRegex(UserError, "not set by"):
                salesperson.copy(values)
            copied = salesperson.with_context(**defaults).copy()
            for name in values:
                self.assertFalse(copied[name])

    def test_lines_added_later(self):
        order = self._iaas_order(self.contract, (self.server, 10))
        order.action_confirm()
        order.order_line = [
            Command.create({"product_id": self.server.id, "product_uom_qty": 2})
        ]
        with self.assertRaisesRegex(UserError, "above the limit"):
            order.order_line = [
                Command.create({"product_id": self.server.id, "product_uom_qty": 1})
            ]

    def test_placed_by_the_platform_waits(self):
        """R46: it is kept, told why, and runs as soon as finance agrees."""
        platform = self._iaas_user(
            "platform", "sales_team.group_sale_salesman_all_leads"
        )

        def place():
            return (
                self.env["sale.order"]
                .with_user(platform)
                .iaas_place_order(
                    "P-1",
                    self.contract.name,
                    [{"product": self.server.id, "quantity": 13}],
                )
            )

        placed = place()
        self.assertEqual((placed["state"], placed["resources"]), ("draft", []))
        self.assertIn("above the limit", placed["held"])
        order = self.env["sale.order"].browse(placed["id"])
        self.assertTrue(order.iaas_credit_hold)
        self.assertEqual(place(), placed)
        self.assertIn(
            order,
            order.with_user(self.finance).search([("iaas_credit_hold", "=", True)]),
        )
        self._release(order, self.finance)
        again = place()
        self.assertEqual((again["id"], again["state"]), (placed["id"], "sale"))
        self.assertFalse(again["held"])
        self.assertEqual(len(again["resources"]), 13)

    def test_platform_is_refused_what_the_contract_forbids(self):
        with self.assertRaisesRegex(UserError, "not in the catalogue"):
            self.env["sale.order"].iaas_place_order(
                "P-1",
                self.contract.name,
                [{"product": self.database.id, "quantity": 100}],
            )

    def test_cancelled_while_waiting(self):
        order = self._iaas_order(self.contract, (self.server, 13))
        order.action_iaas_request_release()
        order._action_cancel()
        self.assertFalse(order.iaas_credit_hold)
        self.assertFalse(order.activity_ids)

    def test_each_role_opens_the_screens(self):
        order = self._iaas_order(self.contract, (self.server, 13))
        for user in (self.sales_user, self.auditor, self.accountant, self.finance):
            with self.subTest(user=user.login):
                Form(order.with_user(user))
