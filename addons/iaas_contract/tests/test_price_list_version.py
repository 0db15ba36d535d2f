"""Price list versions: proposed, approved by somebody else, in force on a day."""

from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from .test_price import TestPrice


class PriceListCommon(TestPrice):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.author = cls._iaas_user("author", "sales_team.group_sale_manager")
        cls.approver = cls.ops_manager
        cls.hdd = cls.env["product.product"].create(
            {
                "name": "Volume HDD",
                "is_iaas": True,
                "iaas_charge_kind": "usage",
                "default_code": "HDD",
            }
        )
        cls.old = cls._price(unit_price=10, date_start="2026-01-01")

    @classmethod
    def _version(cls, *prices, **values):
        prices = prices or ({"product_id": cls.product.id, "unit_price": 9},)
        return (
            cls.env["iaas.price.list.version"]
            .with_user(cls.author)
            .create(
                {
                    "date_start": "2026-07-01",
                    "reason": "The market went down",
                    "approver_id": cls.approver.id,
                    "price_ids": [Command.create(values) for values in prices],
                    **values,
                }
            )
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-05-05")
class TestPriceListVersion(PriceListCommon):
    def test_approval_puts_prices_in_force(self):
        version = self._version()
        proposed = version.with_context(active_test=False).price_ids
        find = self.env["iaas.price"]._find
        july = date(2026, 7, 1)
        self.assertFalse(proposed.active)
        self.assertEqual(find(self.product, july)[self.product], self.old)
        version.action_submit()
        self.assertEqual(version.activity_ids.user_id, self.approver)
        self.assertEqual(find(self.product, july)[self.product], self.old)
        version.with_user(self.approver).action_approve()
        self.assertEqual(version.state, "approved")
        self.assertEqual(version.approver_id, self.approver)
        self.assertFalse(version.activity_ids)
        self.assertEqual(self.old.date_end, date(2026, 6, 30))
        self.assertEqual(find(self.product, july)[self.product], proposed)
        self.assertEqual(find(self.product, date(2026, 6, 30))[self.product], self.old)
        message = version.message_ids.filtered(lambda m: "in force from" in m.body)
        self.assertIn("The market went down", message.body)
        self.assertEqual(message.author_id, self.approver.partner_id)

    def test_who_approves(self):
        version = self._version()
        version.action_submit()
        for user in (
            self.author,
            self.sales_user,
            self.ops_user,
            self.auditor,
            self.solution_engineer,
        ):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                version.with_user(user).action_approve()
        self.assertFalse(version.may_approve)
        self.assertTrue(version.with_user(self.approver).may_approve)
        manager = self._iaas_user("other", "sales_team.group_sale_manager")
        version.with_user(manager).action_approve()
        self.assertEqual(version.approver_id, manager)

    def test_list_prices_go_by_versions_once_one_was_approved(self):
        """R52: who, why and whose approval stand with every price of the list; a first
        list may be entered by hand."""
        by_hand = self.env["iaas.price"].with_user(self.author)
        entered = by_hand.create({"product_id": self.hdd.id, "unit_price": 2})
        entered.unit_price = 1
        version = self._version()
        version.action_submit()
        version.with_user(self.approver).action_approve()
        approved = version.with_context(active_test=False).price_ids
        product = self.env["product.product"].create(
            {"name": "Tape", "is_iaas": True, "iaas_charge_kind": "usage"}
        )
        for change in (
            lambda: by_hand.create({"product_id": product.id, "unit_price": 1}),
            lambda: entered.write({"unit_price": 3}),
            lambda: entered.write({"tier_ids": [Command.create({"unit_price": 1})]}),
            lambda: entered.write({"date_end": "2026-08-31"}),
            lambda: entered.write({"active": False}),
            entered.unlink,
            entered.action_new_version,
            lambda: approved.with_user(self.author).write({"active": False}),
            lambda: approved.with_user(self.author).write({"date_end": "2026-12-31"}),
        ):
            with (
                self.subTest(change),
                self.assertRaisesRegex(UserError, "price list version"),
                self.cr.savepoint(),
            ):
                change()
        # Own prices are terms of their contract, with approvals of their own.
        contract = self.env["iaas.contract"].create(
            {"partner_id": self.other_customer.id, "date_start": "2026-01-01"}
        )
        own = by_hand.create(
            {"product_id": product.id, "unit_price": 1, "contract_id": contract.id}
        )
        own.unit_price = 2
        with (
            self.assertRaisesRegex(UserError, "price list version"),
            self.cr.savepoint(),
        ):
            own.contract_id = False
        following = self._version(date_start="2026-10-01")
        following.action_submit()
        following.with_user(self.approver).action_approve()
        self.assertEqual(approved.date_end, date(2026, 9, 30))

    def test_author_is_not_asked_to_approve(self):
        with self.assertRaisesRegex(UserError, "author"):
            self._version(approver_id=self.author.id).action_submit()
        with self.assertRaisesRegex(UserError, "sales or operations manager"):
            self._version(approver_id=self.ops_user.id).action_submit()

    def test_gates_cannot_be_walked_around(self):
        version = self._version()
        for user in (self.author, self.approver):
            for values in ({"state": "approved"}, {"author_id": self.sales_user.id}):
                with self.assertRaises(AccessError):
                    version.with_user(user).write(values)
        with self.assertRaises(UserError):
            version.price_ids.active = True
        with self.assertRaises(UserError):
            version.with_user(self.approver).action_approve()
        sneaked = self._version(state="approved", author_id=self.sales_user.id)
        self.assertEqual(sneaked.state, "draft")
        self.assertEqual(sneaked.author_id, self.author)
        price = self.old.with_user(self.author)
        with self.assertRaises(UserError):
            price.version_id = version

    def test_what_was_submitted_stays_as_it_is(self):
        version = self._version(
            {
                "product_id": self.product.id,
                "charge_model": "graduated",
                "tier_ids": [Command.create({"unit_price": 3})],
            }
        )
        version.action_submit()
        price = version.price_ids
        for attempt in (
            lambda: price.write({"min_amount": 3}),
            lambda: price.tier_ids.write({"unit_price": 1}),
            lambda: price.tier_ids.unlink(),
            lambda: price.write({"tier_ids": [Command.create({"up_to": 5})]}),
            lambda: price.unlink(),
            lambda: version.write({"date_start": "2026-08-01"}),
            lambda: version.write({"reason": "Another"}),
            lambda: version.write({"ended_price_ids": self.old.ids}),
            lambda: version.unlink(),
            lambda: self._price(version_id=version.id, unit_price=1),
        ):
            with self.assertRaises(UserError):
                attempt()
        version.with_user(self.approver).action_approve()
        with self.assertRaises(UserError):
            price.tier_ids.unit_price = 1
        # It ends by a version as well.
        with self.assertRaises(UserError):
            price.date_end = "2026-12-31"

    def test_send_back(self):
        version = self._version()
        version.action_submit()
        action = version.with_user(self.approver).action_send_back()
        wizard = self.env[action["res_model"]].with_user(self.approver)
        wizard = wizard.with_context(**action["context"])
        wizard.create({"reason": "Too low"}).action_confirm()
        self.assertEqual(version.state, "draft")
        self.assertFalse(version.activity_ids)
        self.assertIn("Too low", version.message_ids[:2].mapped("body")[0])
        version.price_ids.unit_price = 8
        with self.assertRaises(UserError):
            version.with_user(self.approver).action_send_back()

    def test_changes_are_told(self):
        graduated = {
            "charge_model": "graduated",
            "tier_ids": [
                Command.create({"up_to": 10, "unit_price": 10}),
                Command.create({"unit_price": 5}),
            ],
        }
        version = self._version(
            {"product_id": self.product.id, **graduated},
            {"product_id": self.hdd.id, "unit_price": 4},
        )
        changed, new = version.price_ids
        self.assertEqual((changed.change_kind, new.change_kind), ("changed", "new"))
        self.assertEqual(changed.predecessor_id, self.old)
        self.assertEqual(changed.change_text, "−25 % to 0 %")
        self.assertIn("10.00", changed.old_summary)
        version.action_submit()
        version.with_user(self.approver).action_approve()
        version.invalidate_recordset()
        changed.invalidate_recordset()
        self.assertEqual(changed.change_text, "−25 % to 0 %", "told afterwards too")
        same = self._version(
            {"product_id": self.hdd.id, "unit_price": "4.00"}, date_start="2026-09-01"
        )
        self.assertEqual(same.price_ids.change_kind, "unchanged")
        rise = self._version(
            {"product_id": self.hdd.id, "unit_price": "4.01"}, date_start="2026-09-01"
        )
        self.assertEqual(rise.price_ids.change_text, "+0.25 %")

    def test_prices_that_end(self):
        version = self._version(
            {"product_id": self.hdd.id, "unit_price": 4},
            ended_price_ids=[Command.set(self.old.ids)],
        )
        self.assertEqual(version.price_count, 2)
        version.action_submit()
        version.with_user(self.approver).action_approve()
        self.assertEqual(self.old.date_end, date(2026, 6, 30))

    def test_what_cannot_take_effect(self):
        for refusal, version in (
            ("of the past", self._version(date_start="2026-05-04")),
            ("no price yet", self._version(price_ids=[])),
            ("Choose an approver", self._version(approver_id=False)),
        ):
            with self.subTest(refusal), self.assertRaisesRegex(UserError, refusal):
                version.action_submit()
        version = self._version()
        version.action_submit()
        with (
            freeze_time("2026-07-02"),
            self.assertRaisesRegex(UserError, "of the past"),
        ):
            version.with_user(self.approver).action_approve()
        self.old.date_end = "2026-07-31"
        self._price(unit_price=3, date_start="2026-08-01")
        with self.assertRaisesRegex(UserError, "2026-08-01"):
            version.with_user(self.approver).action_approve()

    def test_new_day_moves_the_prices(self):
        version = self._version()
        version.date_start = "2026-10-01"
        self.assertEqual(version.price_ids.date_start, date(2026, 10, 1))
        with self.assertRaises(UserError):
            version.price_ids.date_start = "2026-11-01"

    def test_cancel(self):
        version = self._version()
        version.action_submit()
        version.action_cancel()
        self.assertFalse(version.price_ids.active)
        self.assertFalse(version.activity_ids)
        with self.assertRaises(UserError):
            version.price_ids.active = True
        done = self._version()
        done.action_submit()
        done.with_user(self.approver).action_approve()
        with self.assertRaises(UserError):
            done.with_user(self.approver).action_cancel()

    def test_draft_is_deleted_with_its_prices(self):
        version = self._version()
        prices = version.price_ids
        version.unlink()
        self.assertFalse(prices.exists())

    def test_form(self):
        with Form(self.env["iaas.price.list.version"].with_user(self.author)) as form:
            form.date_start = "2026-07-01"
            form.reason = "Power costs"
            form.approver_id = self.approver
            with form.price_ids.new() as price:
                price.product_id = self.product
                price.unit_price = 11
        self.assertEqual(form.record.price_ids.change_text, "+10 %")
        self.assertRegex(form.record.name, r"^PL/2026/\d+$")
        for user in (self.auditor, self.sales_user, self.solution_engineer):
            Form(form.record.with_user(user))

    def test_other_companies_are_hidden(self):
        company = self.env["res.company"].create({"name": "Other cloud"})
        version = self.env["iaas.price.list.version"].create(
            {"date_start": "2026-07-01", "reason": "x", "company_id": company.id}
        )
        with self.assertRaises(AccessError):
            version.with_user(self.ops_manager).read(["name"])
