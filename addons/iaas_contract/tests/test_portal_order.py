import re
from decimal import Decimal

from lxml import html

from odoo import Command, fields, http
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon


class PortalOrderCommon(IaasContractCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["iaas.contract.line"].create(
            {
                "contract_id": cls.contract.id,
                "product_id": cls.server.id,
                "discount": "10",
            }
        )
        cls.contract.date_end = False
        cls.other_contract = cls._iaas_contract(
            cls.other_customer, state="active", date_end=False
        )
        cls.buyer = cls._iaas_portal_user("buyer", cls.customer)
        cls.buyer.partner_id.iaas_contact_role_ids = cls.role_decision_maker
        cls.reader = cls._iaas_portal_user("reader", cls.customer)
        cls.stranger = cls._iaas_portal_user("stranger", cls.other_customer)
        cls.stranger.partner_id.iaas_contact_role_ids = cls.role_decision_maker
        cls.Order = cls.env["sale.order"]

    def _limit_credit(self, amount):
        self.env.company.account_use_credit_limit = True
        self.customer.with_company(self.env.company).credit_limit = amount


@tagged("post_install", "-at_install")
class TestPortalOrder(PortalOrderCommon):
    """R46: who orders what, at which price, in the portal."""

    def _place(self, user=None, token="t1", contract=None, lines=None, **values):
        lines = lines or [(self.server, Decimal(2), [])]
        return self.Order.with_user(user or self.buyer)._iaas_portal_place(
            contract or self.contract, lines, None, token, **values
        )

    def test_offer_at_contract_prices(self):
        offer = self.Order.with_user(self.buyer)._iaas_portal_offer(self.contract)
        by_product = {item["product"]: item for item in offer}
        self.assertEqual(
            set(by_product), {self.server, self.disk, self.traffic, self.setup_fee}
        )
        self.assertIn("80", by_product[self.server]["price"])
        self.assertEqual(by_product[self.server]["discount"], "10")
        self.assertIn("72", by_product[self.server]["net"])
        self.assertFalse(by_product[self.disk]["discount"])

    def test_offer_leaves_out_what_cannot_be_ordered(self):
        today = fields.Date.context_today(self.server)
        self.disk.product_tmpl_id.iaas_retiring_date = fields.Date.subtract(
            today, days=1
        )
        self.traffic.sale_ok = False
        self.server.iaas_price_ids.unlink()
        offer = self.Order.with_user(self.buyer)._iaas_portal_offer(self.contract)
        self.assertEqual([item["product"] for item in offer], [self.setup_fee])

    def test_order_at_contract_prices(self):
        order = self._place(customer_ref="PO 1")
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.amount_untaxed, 144)
        self.assertEqual(order.client_order_ref, "PO 1")
        self.assertEqual(len(order.iaas_resource_ids), 2)
        self.assertIn(self.buyer.partner_id, order.message_partner_ids)
        self.assertEqual(order.user_id, self.sales_user)

    def test_customer_without_an_owner(self):
        """R51: the visit and the release are not asked of the customer itself."""
        self.contract.write({"user_id": False, "backup_user_id": False})
        self.customer.write({"user_id": False})
        self.contract.user_id = False
        self._place()
        self.assertTrue(self.customer.activity_ids)
        self.assertFalse(self.customer.activity_ids.user_id.filtered("share"))
        self._limit_credit(100)
        held = self._place(token="t2")
        self.assertFalse(held.activity_ids.user_id.filtered("share"))

    def test_double_click_makes_one_order(self):
        first = self._place()
        self.assertEqual(self._place(), first)
        self.assertEqual(self.contract.order_count, 1)
        self.assertNotEqual(self._place(token="t2"), first)

    def test_token_of_another_customer_is_another_order(self):
        first = self._place()
        second = self._place(self.stranger, contract=self.other_contract)
        self.assertNotEqual(first, second)
        self.assertEqual(second.partner_id, self.other_customer)

    def test_administrator_orders_too(self):
        self.reader.partner_id.iaas_contact_role_ids = self.env.ref(
            "iaas_customer.iaas_contact_role_administrator"
        )
        self.assertEqual(self._place(self.reader).state, "sale")

    def test_without_the_role_nothing(self):
        """Other roles do not order; no prices either."""
        for roles in (
            self.env["iaas.contact.role"],
            self.env["iaas.contact.role"].create({"name": "Guest", "code": "guest"}),
        ):
            self.reader.partner_id.iaas_contact_role_ids = roles
            orders = self.Order.with_user(self.reader)
            self.assertFalse(orders._iaas_portal_contracts())
            for call in (
                lambda: self._place(self.reader),
                lambda orders=orders: orders._iaas_portal_offer(self.contract),
                lambda orders=orders: orders._iaas_portal_read_form(self.contract, {}),
            ):
                with self.assertRaises(AccessError):
                    call()
        self.assertFalse(self.contract.order_count)

    def test_only_under_contracts_of_the_own_company(self):
        """R46: neither another customer's contract nor one that is not active."""
        draft = self._iaas_contract(self.customer)
        of_subsidiary = self._iaas_contract(self.subsidiary, state="active")
        ended = self._iaas_contract(self.customer, state="ended")
        for contract in (self.other_contract, draft, of_subsidiary, ended):
            with self.assertRaises(AccessError):
                self._place(contract=contract)
            with self.assertRaises(AccessError):
                self.Order.with_user(self.buyer)._iaas_portal_offer(contract)

    def test_outside_the_catalogue(self):
        self.traffic.product_tmpl_id.sale_ok = False
        for product, words in (
            (self.database, "not in the catalogue"),
            (self.traffic, "cannot be ordered"),
        ):
            with self.assertRaisesRegex(UserError, words), self.cr.savepoint():
                self._place(lines=[(product, Decimal(1), [])])
        self.assertFalse(self.contract.order_count)

    def test_held_above_the_credit_limit(self):
        self._limit_credit(100)
        order = self._place()
        self.assertEqual(order.state, "draft")
        self.assertTrue(order.iaas_credit_hold)
        self.assertFalse(order.iaas_resource_ids)
        buyer = self.Order.with_user(self.buyer)
        self.assertEqual(buyer._iaas_portal_waiting(), order)
        self.assertFalse(self.Order.with_user(self.stranger)._iaas_portal_waiting())
        self.assertEqual(self._place(), order)
        with self.assertRaises(UserError):
            order._validate_order()
        order._iaas_release("Agreed by phone")
        self.assertEqual(order.state, "sale")
        self.assertEqual(self._place(), order)
        self.assertFalse(buyer._iaas_portal_waiting())


class PortalOrderHttpMixin:
    """The pages as a browser without scripts sees them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in (cls.buyer, cls.reader, cls.stranger):
            user.password = user.login

    def _login(self, user):
        self.authenticate(user.login, user.login)

    def _page(self, response):
        return html.fromstring(response.content)

    def _form(self, response, action):
        form = next(f for f in self._page(response).forms if f.action == action)
        return dict(form.form_values())

    def _text(self, response):
        return re.sub(r"\s+", " ", self._page(response).text_content())

    def _csrf(self):
        return {"csrf_token": http.Request.csrf_token(self)}

    def _post(self, path, data):
        return self.url_open(path, data=data)

    def _summary(self, **quantities):
        entered = self._form(self.url_open("/my/iaas/order"), "/my/iaas/order/summary")
        return self._post("/my/iaas/order/summary", entered | quantities)


@tagged("post_install", "-at_install")
class TestPortalOrderHttp(PortalOrderHttpMixin, PortalOrderCommon, HttpCase):
    """R46: the pages, as a customer opens them and as an attacker does."""

    def test_from_home_to_the_resource(self):
        self._login(self.buyer)
        home = self.url_open("/my/home")
        self.assertIn("/my/iaas/order", home.text)
        self.assertIn("/my/iaas/resources", home.text)
        summary = self._summary(**{f"qty_{self.server.id}": "2"})
        self.assertIn("144.00", self._text(summary))
        data = self._form(summary, "/my/iaas/order/submit")
        placed = self._post("/my/iaas/order/submit", data)
        self.assertIn("your order is confirmed", self._text(placed))
        again = self._post("/my/iaas/order/submit", data)
        self.assertEqual(again.url, placed.url)
        self.assertEqual(self.contract.order_count, 1)
        resource = self.contract.resource_ids[:1]
        listed = self.url_open("/my/iaas/resources")
        self.assertIn(resource.external_ref, listed.text)
        shown = self.url_open(f"/my/iaas/resources/{resource.id}")
        self.assertIn(resource.external_ref, self._text(shown))

    def test_tour(self):
        """R46: in a browser, from the portal's home to what runs."""
        self.start_tour("/my/home", "iaas_portal_order", login=self.buyer.login)
        self.assertEqual(self.contract.resource_count, 2)

    def test_errors_in_words(self):
        self._login(self.buyer)
        name = f"qty_{self.server.id}"
        for values, words in (
            ({}, "at least one product"),
            ({name: "many"}, "many is not a number"),
            ({name: "1.5"}, "must be whole"),
            ({name: "-1"}, "above zero"),
            ({name: "NaN"}, "not a number"),
            ({name: "1000000"}, "at most 10,000 in one line"),
            ({f"qty_{self.disk.id}": "1e30"}, "at most 1,000,000,000,000 in"),
            ({name: "1", "service_date": "2020-01-01"}, "cannot be before"),
            ({name: "1", "service_date": "soon"}, "not a date"),
            ({f"qty_{self.database.id}": "1"}, "not in the catalogue"),
            ({"qty_999999999": "1"}, "does not exist"),
        ):
            answer = self._summary(**values)
            self.assertIn("has not been placed", self._text(answer), values)
            self.assertIn(words, self._text(answer), values)
        self.assertFalse(self.contract.order_count)

    def test_amount_that_changed_is_shown_again(self):
        self._login(self.buyer)
        summary = self._summary(**{f"qty_{self.server.id}": "1"})
        data = self._form(summary, "/my/iaas/order/submit")
        self.contract.line_ids.discount = "5"
        answer = self._post("/my/iaas/order/submit", data)
        self.assertIn("The amount has changed", self._text(answer))
        self.assertFalse(self.contract.order_count)
        self._post("/my/iaas/order/submit", self._form(answer, "/my/iaas/order/submit"))
        self.assertEqual(self.contract.order_count, 1)

    def test_held_order_says_so(self):
        self._limit_credit(10)
        self._login(self.buyer)
        summary = self._summary(**{f"qty_{self.server.id}": "1"})
        self.assertIn("waits for release", self._text(summary))
        placed = self._post(
            "/my/iaas/order/submit", self._form(summary, "/my/iaas/order/submit")
        )
        self.assertIn("waits for release", self._text(placed))
        self.assertIn(
            self.contract.order_ids.name, self._text(self.url_open("/my/iaas/order"))
        )
        self.assertFalse(self.contract.resource_ids)

    def test_contract_of_another_customer(self):
        """Its number opens nothing, in any of the pages."""
        self._iaas_price(self.database, "77.77", contract_id=self.other_contract.id)
        self._login(self.buyer)
        page = self.url_open(f"/my/iaas/order?contract_id={self.other_contract.id}")
        self.assertNotIn("77.77", page.text)
        self.assertNotIn(self.other_contract.name, page.text)
        summary = self._summary(**{f"qty_{self.server.id}": "1"})
        data = self._form(summary, "/my/iaas/order/submit")
        data["contract_id"] = str(self.other_contract.id)
        for path in ("/my/iaas/order/summary", "/my/iaas/order/submit"):
            self._post(path, data)
        self.assertFalse(self.other_contract.order_count)
        self.assertFalse(self.contract.order_count)

    def test_without_the_role(self):
        self._login(self.reader)
        page = self.url_open("/my/iaas/order")
        self.assertIn("You cannot order for your company", self._text(page))
        self.assertNotIn(self.server.name, self._text(page))
        data = {
            "csrf_token": http.Request.csrf_token(self),
            "contract_id": str(self.contract.id),
            "token": "x",
            f"qty_{self.server.id}": "1",
        }
        for path in ("/my/iaas/order/summary", "/my/iaas/order/submit"):
            self._post(path, data)
        self.assertFalse(self.contract.order_count)

    def test_choice_of_contracts(self):
        second = self._iaas_contract(self.customer, state="active", title="Second")
        self._login(self.buyer)
        page = self.url_open("/my/iaas/order")
        self.assertIn(second.name, page.text)
        self.assertIn(self.contract.name, page.text)
        chosen = self.url_open(f"/my/iaas/order?contract_id={second.id}")
        self.assertEqual(
            self._form(chosen, "/my/iaas/order/summary")["contract_id"],
            str(second.id),
        )

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_resources_and_orders_of_others(self):
        order = self._iaas_order(self.other_contract, (self.server, 1))
        order.action_confirm()
        theirs = self.other_contract.resource_ids
        self._login(self.buyer)
        self.assertNotIn(theirs.external_ref, self.url_open("/my/iaas/resources").text)
        for path in (
            f"/my/iaas/resources/{theirs.id}",
            f"/my/iaas/order/{order.id}",
            "/my/iaas/resources/999999",
        ):
            page = self.url_open(path)
            self.assertNotIn(theirs.external_ref, page.text, path)
            self.assertNotIn(order.name, page.text, path)

    def test_what_sales_drafts_is_not_shown(self):
        draft = self._iaas_order(self.contract, (self.server, 1))
        self._login(self.buyer)
        page = self.url_open(f"/my/iaas/order/{draft.id}", allow_redirects=False)
        self.assertEqual(page.status_code, 303)

    def test_resource_list_filters_and_searches(self):
        self._iaas_order(self.contract, (self.server, 2)).action_confirm()
        first, second = self.contract.resource_ids
        first.external_ref, second.external_ref = "vm-alpha", "vm-beta"
        first.write(
            {
                "date_start": fields.Date.subtract(first.date_start, days=9),
                "date_end": fields.Date.subtract(first.date_start, days=2),
            }
        )
        self._login(self.reader)
        for query, shown, hidden in (
            ("", "vm-beta", "vm-alpha"),
            ("?filterby=stopped", "vm-alpha", "vm-beta"),
            ("?filterby=all&search=alpha", "vm-alpha", "vm-beta"),
            ("?filterby=nonsense&sortby=id desc", "vm-beta", "vm-alpha"),
        ):
            page = self.url_open(f"/my/iaas/resources{query}").text
            self.assertIn(shown, page, query)
            self.assertNotIn(hidden, page, query)

    def test_changes_are_shown(self):
        self._iaas_order(self.contract, (self.disk, 20)).action_confirm()
        resource = self.contract.resource_ids
        resource.date_start = fields.Date.subtract(resource.date_start, days=9)
        resource._change(
            "resize", fields.Date.context_today(resource), quantity=Decimal(50)
        )
        self._login(self.reader)
        page = self._text(self.url_open(f"/my/iaas/resources/{resource.id}"))
        for words in ("Changes", "Resize", "20", "50"):
            self.assertIn(words, page)

    def test_other_company_of_ours(self):
        """R46: a contract with another company of ours is ordered from that one."""
        company = self.env["res.company"].create({"name": "Second Cloud"})
        self.env.user.company_ids = [Command.link(company.id)]
        contract = self._iaas_contract(
            self.customer, state="active", company_id=company.id, title="Elsewhere"
        )
        self._login(self.buyer)
        self.assertNotIn(contract.name, self.url_open("/my/iaas/order").text)
