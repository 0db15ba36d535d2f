from datetime import date

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
class TestGates(IaasContractCommon):
    """Ways around the buttons, each tried by somebody who may write the record."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales_manager = cls._iaas_user(
            "sales_manager", "sales_team.group_sale_manager"
        )

    def test_context_default_opens_no_gate(self):
        """R10: no contract is active, no customer verified, by a default."""
        customer = (
            self.env["res.partner"]
            .with_user(self.sales_user)
            .with_context(default_iaas_verification_state="verified")
            .create({"name": "Newcomer", "is_company": True, "is_iaas_customer": True})
        )
        self.assertEqual(customer.iaas_verification_state, "unverified")
        contract = (
            self.env["iaas.contract"]
            .with_user(self.sales_user)
            .with_context(default_state="active", default_signed_by="Nobody")
            .create({"partner_id": customer.id, "date_start": date(2026, 1, 1)})
        )
        self.assertEqual(contract.state, "draft")
        self.assertFalse(contract.signed_by)

    def test_resource_cannot_be_moved_or_archived_by_hand(self):
        resource = self._resource()
        for values in (
            {"partner_id": self.other_customer.id},
            {"active": False},
            {"is_void": True},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                resource.with_user(self.ops_user).write(values)

    def test_what_was_ordered_is_not_rewritten_by_hand(self):
        """R30: for whom, what, where and how much follows from the order; changes are
        dated. Another customer does not get the bill."""
        order = self._iaas_order(self.contract, (self.disk, 100))
        order.action_confirm()
        resource = order.iaas_resource_ids.with_user(self.ops_user)
        other = self._iaas_contract(self.other_customer, state="active")
        region = self.env.ref("iaas_contract.iaas_price_dimension_region")
        value = region.value_ids.create({"dimension_id": region.id, "code": "t1"})
        for values in (
            {"contract_id": other.id},
            {"quantity": 1},
            {"product_id": self.server.id},
            {"dimension_value_ids": [Command.set(value.ids)]},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                resource.write(values)
        resource.write({"external_ref": "vol-1", "quantity": 100})
        by_hand = self._resource().with_user(self.ops_user)
        with self.assertRaises(UserError):
            by_hand.contract_id = other
        by_hand.product_id = self.disk

    def test_catalogue_of_the_past_stays(self):
        """R59: what contracts could order by is not rewritten by a version of the
        past."""
        versions = self.env["iaas.catalogue.version"].with_user(self.sales_manager)
        with self.assertRaisesRegex(UserError, "later day"):
            versions.create(
                {
                    "catalogue_id": self.catalogue.id,
                    "date_start": date(2026, 1, 1),
                    "product_ids": [Command.set(self.server.ids)],
                }
            )

    def test_resource_outside_the_catalogue_is_refused(self):
        """R27: the catalogue holds for resources entered by hand, too."""
        with self.assertRaisesRegex(ValidationError, "not in the catalogue"):
            self.env["iaas.resource"].with_user(self.ops_user).create(
                {
                    "contract_id": self.contract.id,
                    "product_id": self.database.id,
                    "date_start": date(2026, 1, 1),
                }
            )

    def test_new_resource_form_opens(self):
        form = Form(self.env["iaas.resource"].with_user(self.ops_user))
        form.contract_id = self.contract
        form.product_id = self.server
        form.date_start = date(2026, 1, 1)
        self.assertEqual(form.save().state, "running")

    def test_own_price_of_a_signed_contract_needs_an_addendum(self):
        """R29: what was signed is changed by operations managers only."""
        price = self._iaas_price(self.server, 70, contract_id=self.contract.id)
        prices = price.with_user(self.sales_manager)
        with self.assertRaisesRegex(UserError, "addendum"):
            prices.unit_price = 1
        with self.assertRaisesRegex(UserError, "addendum"):
            prices.unlink()
        with self.assertRaisesRegex(UserError, "addendum"):
            prices.create(
                {
                    "product_id": self.disk.id,
                    "contract_id": self.contract.id,
                    "unit_price": 1,
                }
            )
        with self.assertRaisesRegex(UserError, "addendum"):
            self.contract.with_user(self.sales_manager).note = "<p>Free of charge</p>"

    def test_tiers_of_a_signed_contract_need_an_addendum(self):
        price = self._iaas_price(
            self.server,
            0,
            contract_id=self.contract.id,
            charge_model="graduated",
            tier_ids=[Command.create({"unit_price": 70})],
        )
        with self.assertRaisesRegex(UserError, "addendum"):
            price.tier_ids.with_user(self.sales_manager).unit_price = 1

    def test_rented_product_keeps_its_charge_kind(self):
        self._resource()
        with self.assertRaisesRegex(UserError, "rented"):
            self.server.iaas_charge_kind = "one_time"
        with self.assertRaisesRegex(UserError, "rented"):
            self.server.product_tmpl_id.is_iaas = False

    def test_no_down_payment_on_what_statements_bill(self):
        """R64: nothing is billed by an order and by a statement."""
        order = self._iaas_order(self.contract, (self.server, 1))
        order.action_confirm()
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(order.ids)],
                "advance_payment_method": "percentage",
                "amount": 100,
            }
        )
        with self.assertRaisesRegex(UserError, "statements bill"):
            wizard.create_invoices()

    def test_currency_follows_the_company_and_binds_own_prices(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        company = self.env["res.company"].create(
            {"name": "Second Cloud", "currency_id": euro.id}
        )
        draft = self._iaas_contract(self.customer, company_id=company.id)
        self.assertEqual(draft.currency_id, euro)
        self._iaas_price(self.server, 70, contract_id=draft.id)
        with self.assertRaisesRegex(ValidationError, "prices of its own"):
            draft.currency_id = self.env.ref("base.USD")

    def test_last_day_of_the_calendar_is_an_open_end(self):
        contract = self._iaas_contract(self.customer, date_end=date(9999, 12, 31))
        self.assertEqual(contract.term_months, 0)
        price = self._iaas_price(self.database, 5, contract_id=contract.id)
        price.date_end = date(9999, 12, 31)
        found = self.env["iaas.price"]._find_between(
            self.database, date(2026, 1, 1), date(2026, 1, 31), contract
        )
        self.assertEqual(
            found[self.database], [(date(2026, 1, 1), date(2026, 1, 31), price)]
        )
        with self.assertRaisesRegex(UserError, "too long"):
            contract.term_months = 999_999

    def test_cancelled_order_can_be_deleted(self):
        order = self._iaas_order(self.contract, (self.server, 2))
        order.action_confirm()
        resources = order.iaas_resource_ids
        order._action_cancel()
        order.with_user(self.sales_manager).unlink()
        self.assertFalse(resources.exists())

    def test_catalogue_copy_has_a_name_of_its_own(self):
        copy = self.catalogue.copy()
        self.assertEqual(copy.name, "Standard services (copy)")
        self.assertEqual(copy.product_ids, self.catalogue.product_ids)

    def _resource(self):
        return self.env["iaas.resource"].create(
            {
                "contract_id": self.contract.id,
                "product_id": self.server.id,
                "date_start": date(2026, 1, 1),
            }
        )
