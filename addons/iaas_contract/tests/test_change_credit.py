from datetime import date
from decimal import Decimal

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.iaas_resource_credit import CreditExceeded
from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestChangeCredit(IaasContractCommon):
    """A change above the credit limit is blocked and released by finance (R30, R46)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.large = cls._iaas_product("Large Server", cls.categ_compute, "200")
        cls.catalogue.product_ids += cls.large
        cls.server.product_tmpl_id.iaas_change_target_ids = cls.large
        cls.env.company.account_use_credit_limit = True
        cls.customer.credit_limit = 150
        order = cls._iaas_order(cls.contract, (cls.server, 1), (cls.disk, 1000))
        order.action_confirm()
        cls.instance, cls.volume = (
            cls.contract.resource_ids.filtered(lambda r, p=p: r.product_id == p)
            for p in (cls.server, cls.disk)
        )
        cls.contract.resource_ids.date_start = date(2026, 3, 1)
        cls.finance = cls._iaas_user("finance", "account.group_account_manager")

    def _wizard(self, resources, kind, user=None, **values):
        wizard = self.env["iaas.resource.change"].with_user(user or self.ops_user)
        return wizard.create(
            {"resource_ids": [Command.set(resources.ids)], "kind": kind, **values}
        )

    def _hold(self, quantity="2000"):
        wizard = self._wizard(self.volume, "resize", quantity=quantity)
        action = wizard.action_change()
        self.assertEqual(action["res_id"], wizard.id)
        self.assertIn("above the limit", wizard.credit_message)
        wizard.action_ask_release()
        return self.env["iaas.resource.hold"].search([])

    def test_within_the_limit(self):
        self._wizard(self.volume, "resize", quantity="1400").action_change()
        self.assertEqual(self.volume.quantity, 1400)

    def test_blocked_not_warned(self):
        """80 + 100 is above 150; nothing is changed."""
        with self.assertRaisesRegex(CreditExceeded, r"180.00, above the limit of"):
            with self.cr.savepoint():
                self.volume.with_user(self.ops_user)._change(
                    "resize", date(2026, 3, 10), quantity=Decimal(2000)
                )
        with self.assertRaisesRegex(CreditExceeded, "250.00"), self.cr.savepoint():
            self.instance.with_user(self.ops_user)._change(
                "product", date(2026, 3, 20), product=self.large
            )
        self.assertFalse(self.contract.resource_ids.segment_ids)

    def test_planned_changes_count(self):
        """Two changes for next month do not pass each for itself."""
        self.customer.credit_limit = 270
        self.instance._change("product", date(2026, 4, 1), product=self.large)
        with self.assertRaises(CreditExceeded), self.cr.savepoint():
            self.volume._change("resize", date(2026, 4, 1), quantity=Decimal(2000))

    def test_less_is_never_blocked(self):
        self.customer.credit_limit = 100
        self._wizard(self.volume, "resize", quantity="900").action_change()
        self.assertEqual(self.volume.quantity, 900)
        self._wizard(self.instance, "suspend").action_change()
        self.assertTrue(self.instance.is_suspended)

    def test_resuming_counts(self):
        self._wizard(self.instance, "suspend").action_change()
        self.customer.credit_limit = 100
        with freeze_time("2026-03-12 12:00:00"):
            wizard = self._wizard(self.instance, "resume")
            wizard.action_change()
            self.assertIn("130.00", wizard.credit_message)

    def test_tax_counts(self):
        """A change does not take the tax out of what is owed."""
        tax = self.env["account.tax"].create(
            {"name": "Tax 10 %", "amount": 10, "type_tax_use": "sale"}
        )
        self.disk.taxes_id = tax
        self.customer.credit_limit = 189.99
        with self.assertRaisesRegex(CreditExceeded, "190.00"), self.cr.savepoint():
            self.volume._change("resize", date(2026, 3, 10), quantity=Decimal(2000))
        self.customer.credit_limit = 190
        self.volume._change("resize", date(2026, 3, 10), quantity=Decimal(2000))

    def test_limit_of_the_contract(self):
        self.customer.credit_limit = 0
        self.contract.credit_limit_amount = "140"
        with self.assertRaises(CreditExceeded), self.cr.savepoint():
            self.volume._change("resize", date(2026, 3, 10), quantity=Decimal(2000))

    def test_released_by_finance(self):
        hold = self._hold()
        self.assertEqual(self.volume.quantity, 1000)
        self.assertEqual(hold.state, "waiting")
        self.assertEqual(hold.activity_ids.user_id, self.sales_user)
        for user in (self.ops_user, self.sales_user, self.auditor):
            with self.assertRaises(AccessError):
                hold.with_user(user)._release("Please")
        action = hold.with_user(self.finance).action_release()
        wizard = self.env[action["res_model"]].with_user(self.finance)
        wizard = wizard.with_context(**action["context"])
        wizard.create({"reason": "Deposit received"}).action_release()
        self.assertEqual(self.volume.quantity, 2000)
        self.assertEqual(self.volume.segment_ids.mapped("quantity"), [1000, 2000])
        self.assertEqual(hold.releaser_id, self.finance)
        self.assertFalse(hold.activity_ids)
        with self.assertRaisesRegex(UserError, "does not wait any more"):
            hold.with_user(self.finance)._release("Again")

    def test_released_late_begins_on_that_day(self):
        hold = self._hold()
        with freeze_time("2026-03-20 12:00:00"):
            hold.with_user(self.finance)._release("Paid")
        self.assertEqual(
            self.volume.segment_ids.sorted("date_start")[-1:].date_start,
            date(2026, 3, 20),
        )

    def test_what_stopped_meanwhile_is_not_changed(self):
        hold = self._hold()
        self.volume._stop(date(2026, 3, 11))
        with freeze_time("2026-03-20 12:00:00"):
            with self.assertRaisesRegex(UserError, "not in use"):
                hold.with_user(self.finance)._release("Paid")
            hold.with_user(self.ops_user).action_withdraw()
        self.assertEqual(hold.state, "withdrawn")
        self.assertFalse(hold.activity_ids)

    def test_nobody_writes_a_hold(self):
        hold = self._hold()
        for user in (self.ops_manager, self.sales_user, self.finance):
            for operation in ("write", "create", "unlink"):
                with self.assertRaises(AccessError):
                    hold.with_user(user).check_access(operation)
        with self.assertRaises(AccessError):
            hold.with_user(self.sales_user).action_withdraw()
        with self.assertRaises(AccessError):
            hold.with_user(self._iaas_portal_user("p", self.customer)).read(["state"])

    def test_asking_for_what_fits_meanwhile_makes_the_change(self):
        wizard = self._wizard(self.volume, "resize", quantity="2000")
        wizard.action_change()
        self.customer.credit_limit = 1000
        wizard.action_ask_release()
        self.assertEqual(self.volume.quantity, 2000)
        self.assertFalse(self.env["iaas.resource.hold"].search([]))
