from datetime import date

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestCallOff(IaasContractCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create(
            {"name": "Training day", "type": "service", "invoice_policy": "order"}
        )

    def test_price_and_discount_of_the_contract(self):
        """R29: the contract's terms hold for its orders."""
        self.contract.line_ids = [
            Command.create({"categ_id": self.categ_compute.id, "discount": "12.5"})
        ]
        self._iaas_price(
            self.disk,
            "0.04",
            contract_id=self.contract.id,
            date_start=date(2026, 1, 1),
        )
        order = self._iaas_order(
            self.contract, (self.server, 2), (self.disk, 500), (self.setup_fee, 1)
        )
        server, disk, setup = order.order_line
        self.assertEqual((server.price_unit, server.discount), (80, 12.5))
        self.assertEqual(server.price_subtotal, 140)
        self.assertEqual((disk.price_unit, disk.discount), (0.04, 0))
        self.assertEqual(setup.price_unit, 500)

    def test_graduated_price(self):
        """A line that is one resource climbs the tiers with its whole quantity."""
        graduated = {
            "charge_model": "graduated",
            "tier_ids": [
                Command.create({"up_to": "10", "unit_price": "2"}),
                Command.create({"unit_price": "1"}),
            ],
        }
        for product in (self.disk, self.server):
            self.env["iaas.price"].search([("product_id", "=", product.id)]).unlink()
            self._iaas_price(product, "0", **graduated)
        order = self._iaas_order(self.contract, (self.disk, 20), (self.server, 20))
        disk, server = order.order_line
        self.assertEqual(disk.price_subtotal, 30)
        self.assertEqual(server.price_subtotal, 40)

    def test_usage_is_billed_later(self):
        order = self._iaas_order(self.contract, (self.traffic, 1))
        line = order.order_line
        self.assertEqual(line.price_unit, 0)
        self.assertIn("Billed on usage at $0.085 / Units", line.name)

    def test_negative_quantity_is_refused_not_rated(self):
        order = self._iaas_order(self.contract, (self.disk, -5))
        self.assertEqual(order.order_line.price_unit, 0.05)
        self._assert_refused(order, "must be above zero")

    def test_terms_of_the_day_of_confirmation(self):
        order = self._iaas_order(self.contract, (self.server, 1))
        price = self.env["iaas.price"].search([("product_id", "=", self.server.id)])
        price.date_end = date(2026, 3, 31)
        price.flush_recordset()
        self._iaas_price(self.server, "90", date_start=date(2026, 4, 1))
        with freeze_time("2026-04-01 12:00:00"):
            order.action_confirm()
        self.assertEqual(order.order_line.price_unit, 90)

    def test_price_is_not_overridden_by_hand(self):
        order = self._iaas_order(self.contract, (self.server, 1))
        order.order_line.write({"price_unit": 1, "discount": 50})
        order.action_confirm()
        self.assertEqual(order.order_line.price_unit, 80)
        self.assertEqual(order.order_line.discount, 0)

    def test_form_proposes_the_contract(self):
        with Form(self.env["sale.order"].with_user(self.sales_user)) as form:
            form.partner_id = self.contact
            self.assertEqual(form.iaas_contract_id, self.contract)
            form.partner_id = self.other_customer
            self.assertFalse(form.iaas_contract_id)
            form.partner_id = self.customer
            with form.order_line.new() as line:
                line.product_id = self.traffic
        self.assertIn("Billed on usage", form.record.order_line.name)

    def test_contract_gives_the_currency(self):
        currency = self.env.ref("base.EUR")
        currency.active = True
        contract = self._iaas_contract(
            self.customer, state="active", currency_id=currency.id
        )
        self._iaas_price(self.server, "70", currency_id=currency.id)
        order = self._iaas_order(contract, (self.server, 1))
        self.assertEqual(order.currency_id, currency)
        self.assertEqual(order.order_line.price_unit, 70)

    def test_quotation_without_contract_shows_list_prices(self):
        order = self._iaas_order(
            self.env["iaas.contract"], (self.server, 2), (self.traffic, 1)
        )
        server, traffic = order.order_line
        self.assertEqual((server.price_unit, server.discount), (80, 0))
        self.assertIn("Billed on usage at $0.085 / Units", traffic.name)
        self._iaas_price(
            self.server,
            "75",
            contract_id=self.contract.id,
            date_start=date(2026, 1, 1),
        )
        order.iaas_contract_id = self.contract
        self.assertEqual(server.price_unit, 75)

    def test_usage_price_after_discount(self):
        """R29: the description names what the customer pays, too."""
        self.contract.line_ids = [
            Command.create({"product_id": self.traffic.id, "discount": "12.5"})
        ]
        order = self._iaas_order(self.contract, (self.traffic, 1))
        self.assertIn(
            "Billed on usage at $0.085 / Units, less 12.5 % discount: "
            "$0.074375 / Units",
            order.order_line.name,
        )
        self.env["iaas.price"].search([("product_id", "=", self.traffic.id)]).unlink()
        self._iaas_price(
            self.traffic,
            "0",
            charge_model="graduated",
            tier_ids=[Command.create({"unit_price": "2"})],
        )
        order = self._iaas_order(self.contract, (self.traffic, 1))
        self.assertTrue(order.order_line.name.endswith(", less 12.5 % discount"))

    def test_backup_keeps_own_orders(self):
        """R1: a backup who sees own documents only writes orders for the customer."""
        backup = self._iaas_user("backup", "sales_team.group_sale_salesman")
        self.customer.iaas_backup_user_id = backup
        with Form(self.env["sale.order"].with_user(backup)) as form:
            form.partner_id = self.customer
            with form.order_line.new() as line:
                line.product_id = self.server
        order = form.record
        self.assertEqual(order.user_id, backup)
        order.action_confirm()
        self.assertEqual(len(order.iaas_resource_ids), 1)
        everyone = self._iaas_user("leader", "sales_team.group_sale_salesman_all_leads")
        with Form(self.env["sale.order"].with_user(everyone)) as form:
            form.partner_id = self.customer
        self.assertEqual(form.record.user_id, self.sales_user)

    def test_contract_gives_the_payment_terms(self):
        terms = self.env["account.payment.term"].create([{"name": "A"}, {"name": "B"}])
        self.contract.payment_term_id, self.customer.property_payment_term_id = terms
        order = self._iaas_order(self.contract, (self.server, 1))
        self.assertEqual(order.payment_term_id, terms[0])
        order.iaas_contract_id = False
        self.assertEqual(order.payment_term_id, terms[1])

    # === REFUSED ===

    def _assert_refused(self, order, *reasons):
        with self.assertRaises(UserError) as refusal:
            order.action_confirm()
        for reason in reasons:
            self.assertIn(reason, str(refusal.exception))
        self.assertFalse(order.iaas_resource_ids)

    def test_refused_without_lines(self):
        self._assert_refused(self._iaas_order(self.contract), "calls off nothing yet")

    def test_refused_without_contract(self):
        order = self._iaas_order(
            self.env["iaas.contract"], (self.server, 1), (self.disk, 5)
        )
        self._assert_refused(
            order,
            "- Server: IaaS products need a framework contract",
            "- Disk: IaaS products need a framework contract",
        )

    def test_refused_without_active_contract(self):
        for state in ("draft", "sent", "signed", "ended", "terminated"):
            contract = self._iaas_contract(self.customer, state=state)
            order = self._iaas_order(contract, (self.server, 1))
            self._assert_refused(order, f"{contract.name} is not active on 2026-03-10")

    def test_refused_outside_the_term(self):
        order = self._iaas_order(self.contract, (self.server, 1))
        with freeze_time("2028-01-01 12:00:00"):
            self._assert_refused(order, "is not active on 2028-01-01")

    def test_refused_outside_catalogue(self):
        """R27: catalogue scope; each refused line is named."""
        order = self._iaas_order(self.contract, (self.server, 1), (self.database, 1))
        self._assert_refused(
            order, "- Database: not in the catalogue Standard services"
        )

    def test_refused_without_price(self):
        self.env["iaas.price"].search([("product_id", "=", self.server.id)]).unlink()
        order = self._iaas_order(self.contract, (self.server, 1))
        self._assert_refused(order, "- Server: no price is valid on 2026-03-10")

    def test_refused_quantities(self):
        order = self._iaas_order(self.contract, (self.server, 1.5), (self.disk, 0))
        self._assert_refused(order, "must be whole, not 1.5", "must be above zero")

    def test_contract_of_another_customer(self):
        with self.assertRaisesRegex(ValidationError, "is a contract of Northwind"):
            self._iaas_order(
                self.contract, (self.server, 1), partner_id=self.other_customer.id
            )

    def test_other_products_need_no_contract(self):
        order = self._iaas_order(self.env["iaas.contract"], (self.product, 1))
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    # === RESOURCES ===

    def _confirmed(self):
        order = self._iaas_order(
            self.contract, (self.server, 3), (self.disk, 500), (self.product, 2)
        )
        order.with_user(self.sales_user).action_confirm()
        return order

    def test_confirmation_creates_resources(self):
        """R30, R46: a resource per unit, or one that carries the quantity."""
        order = self._confirmed()
        server, disk, other = order.order_line
        self.assertEqual(server.iaas_resource_ids.mapped("quantity"), [1, 1, 1])
        self.assertEqual(disk.iaas_resource_ids.mapped("quantity"), [500])
        self.assertFalse(other.iaas_resource_ids)
        resources = order.iaas_resource_ids
        self.assertEqual(order.iaas_resource_count, 4)
        self.assertEqual(len(set(resources.mapped("external_ref"))), 4)
        self.assertRegex(resources[0].external_ref, r"^res-\d{8}$")
        self.assertEqual(resources.contract_id, self.contract)
        self.assertEqual(resources.partner_id, self.customer)
        self.assertEqual(set(resources.mapped("date_start")), {date(2026, 3, 10)})
        self.assertEqual(self.contract.resource_count, 4)

    def test_service_begins_with_the_promised_date(self):
        """In the contract's days: 20:00 UTC on the 14th is the 15th in Tokyo."""
        self.contract.timezone = "Asia/Tokyo"
        order = self._iaas_order(
            self.contract, (self.server, 1), commitment_date="2026-03-14 20:00:00"
        )
        order.action_confirm()
        self.assertEqual(order.iaas_resource_ids.date_start, date(2026, 3, 15))

    def test_nothing_twice(self):
        order = self._confirmed()
        resources = order.iaas_resource_ids
        with self.assertRaises(UserError):
            order.action_confirm()
        order._iaas_lines()._iaas_create_resources()
        self.assertEqual(order.iaas_resource_ids, resources)
        order._action_cancel()
        self.assertFalse(order.with_context(active_test=True).iaas_resource_ids)
        order.action_draft()
        order.action_confirm()
        everything = order.with_context(active_test=False).iaas_resource_ids
        self.assertEqual(everything, resources)
        self.assertEqual(set(resources.mapped("active")), {True})
        self.assertEqual(set(resources.mapped("date_end")), {False})

    def test_cancelled_later_ends_today(self):
        order = self._confirmed()
        resources = order.iaas_resource_ids
        with freeze_time("2026-03-20 12:00:00"):
            order._action_cancel()
            self.assertEqual(set(resources.mapped("date_end")), {date(2026, 3, 20)})
            self.assertEqual(set(resources.mapped("active")), {True})

    def test_cancelled_but_used_goes_on(self):
        order = self._confirmed()
        used = order.iaas_resource_ids[:1]
        self.patch(
            self.registry["iaas.resource"], "_filter_used", lambda self: self & used
        )
        order._action_cancel()
        self.assertFalse(used.date_end)
        self.assertEqual(order.iaas_resource_ids, used)
        self.assertIn(used.external_ref, order.message_ids[0].body)

    def test_edits_after_confirmation(self):
        order = self._confirmed()
        server = order.order_line[0]
        for values in (
            {"product_uom_qty": 5},
            {"product_id": self.disk.id},
        ):
            with self.assertRaisesRegex(UserError, "already runs"):
                server.write(values)
        with self.assertRaisesRegex(UserError, "Cancel the order before"):
            order.iaas_contract_id = self._iaas_contract(self.customer, state="active")
        order.order_line = [
            Command.create({"product_id": self.server.id, "product_uom_qty": 2})
        ]
        self.assertEqual(order.iaas_resource_count, 6)
        with self.assertRaisesRegex(UserError, "not in the catalogue"):
            order.order_line = [Command.create({"product_id": self.database.id})]

    def test_not_invoiced_by_the_order(self):
        """Statements settle IaaS lines, so that nothing is billed twice."""
        self.server.invoice_policy = "order"
        order = self._confirmed()
        server, _disk, other = order.order_line
        self.assertEqual(server.qty_to_invoice, 0)
        self.assertEqual(server.invoice_status, "no")
        self.assertEqual(server.untaxed_amount_to_invoice, 0)
        self.assertEqual(server.amount_to_invoice, 0)
        self.assertEqual(other.qty_to_invoice, 2)
        only_iaas = self._iaas_order(self.contract, (self.server, 1))
        only_iaas.action_confirm()
        self.assertEqual(only_iaas.invoice_status, "no")
        self.assertTrue(only_iaas.has_only_iaas_lines)
        self.assertFalse(order.has_only_iaas_lines)
