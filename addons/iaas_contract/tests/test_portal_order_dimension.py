"""R46, R52: customers choose the region in the portal, and see its price."""

from decimal import Decimal

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from .test_portal_order import PortalOrderCommon, PortalOrderHttpMixin


class PortalDimensionCommon(PortalOrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.region = cls.env.ref("iaas_contract.iaas_price_dimension_region")
        cls.sg1, cls.tk1, cls.fr1 = cls.env["iaas.price.dimension.value"].create(
            [
                {"dimension_id": cls.region.id, "code": code, "name": name}
                for code, name in (
                    ("sg1", "Singapore"),
                    ("tk1", "Tokyo"),
                    ("fr1", "Frankfurt"),
                )
            ]
        )
        # A server is ordered in one of two regions; a disk may be dearer in one.
        cls.server.iaas_dimension_value_ids = cls.sg1 + cls.tk1
        cls.server.iaas_price_ids.dimension_value_ids = cls.sg1
        for product, price in ((cls.server, "100"), (cls.disk, "0.07")):
            cls._iaas_price(
                product, price, dimension_value_ids=[Command.set(cls.tk1.ids)]
            )

    def _offer(self, **form):
        offer = self.Order.with_user(self.buyer)._iaas_portal_offer(self.contract, form)
        return {item["key"]: item for item in offer}

    def _dim(self, product, number=0):
        key = f"{product.id}_{number}" if number else product.id
        return f"dim_{self.region.id}_{key}"


@tagged("post_install", "-at_install")
class TestPortalOrderDimension(PortalDimensionCommon):
    def test_first_region_with_a_price_is_proposed(self):
        offer = self._offer()
        server, disk = offer[str(self.server.id)], offer[str(self.disk.id)]
        self.assertEqual(server["net"], "$72.00 / Units / month")
        self.assertEqual(server["dimensions"][0]["chosen"], self.sg1)
        self.assertEqual(server["dimensions"][0]["choice"].values, self.sg1 + self.tk1)
        self.assertTrue(server["dimensions"][0]["choice"].is_required)
        self.assertIn("0.05", disk["price"])
        self.assertFalse(disk["dimensions"][0]["chosen"])
        self.assertFalse(disk["dimensions"][0]["choice"].is_required)
        self.assertFalse(offer[str(self.traffic.id)]["dimensions"])

    def test_price_of_the_chosen_region(self):
        offer = self._offer(
            **{
                self._dim(self.server): str(self.tk1.id),
                self._dim(self.disk): str(self.tk1.id),
            }
        )
        self.assertEqual(offer[str(self.server.id)]["net"], "$90.00 / Units / month")
        self.assertIn("0.07", offer[str(self.disk.id)]["price"])

    def test_usage_in_a_region(self):
        """Where metered services are offered, a region is proposed; events may name
        another one, so none has to be chosen."""
        self.traffic.iaas_dimension_value_ids = self.sg1 + self.tk1
        self._iaas_price(
            self.traffic, "0.2", dimension_value_ids=[Command.set(self.tk1.ids)]
        )
        key = str(self.traffic.id)
        for form, chosen, prices in (
            ({}, self.sg1, ("0.085",)),
            ({self._dim(self.traffic): str(self.tk1.id)}, self.tk1, ("0.2",)),
            (
                {self._dim(self.traffic): ""},
                self.tk1.browse(),
                ("0.085", "Region: Tokyo: $0.2"),
            ),
        ):
            item = self._offer(**form)[key]
            self.assertEqual(item["dimensions"][0]["chosen"], chosen)
            self.assertEqual(len(item["price"].splitlines()), len(prices))
            for price in prices:
                self.assertIn(price, item["price"])

    def test_own_price_goes_before(self):
        """As everywhere: what the contract agreed for all regions holds in Tokyo."""
        self._iaas_price(self.server, "60", contract_id=self.contract.id)
        quote = self.Order.with_user(self.buyer)._iaas_portal_quote(
            self.contract, self.server.id, self.tk1.ids
        )
        self.assertEqual(quote["net"], "$54.00 / Units / month")
        quote = self.Order.with_user(self.buyer)._iaas_portal_quote(
            self.contract, self.disk.id, self.tk1.ids
        )
        self.assertEqual(quote["discount"], "")

    def test_quote_is_what_is_ordered(self):
        Order = self.Order.with_user(self.buyer)
        for region, price in ((self.sg1, 72), (self.tk1, 90)):
            quote = Order._iaas_portal_quote(self.contract, self.server.id, region.ids)
            self.assertIn(str(price), quote["net"])
            order = Order._iaas_portal_place(
                self.contract,
                [(self.server, Decimal(1), [], region.ids)],
                None,
                f"in {region.code}",
            )
            self.assertEqual(order.amount_untaxed, price)
            self.assertEqual(order.iaas_resource_ids.dimension_value_ids, region)

    def test_quote_is_for_customers_and_what_is_offered(self):
        Order = self.Order
        for user in (self.reader, self.stranger):
            with self.assertRaises(AccessError):
                Order.with_user(user)._iaas_portal_quote(
                    self.contract, self.server.id, self.sg1.ids
                )
        for product, values in (
            (self.server, self.fr1),
            (self.database, self.sg1),
        ):
            with self.assertRaisesRegex(UserError, "any more"):
                Order.with_user(self.buyer)._iaas_portal_quote(
                    self.contract, product.id, values.ids
                )

    def test_no_price_in_a_region(self):
        self.server.iaas_dimension_value_ids += self.fr1
        self.assertEqual(self._offer()[str(self.server.id)]["message"], "")
        offer = self._offer(**{self._dim(self.server): str(self.fr1.id)})
        self.assertIn("Region: Frankfurt", offer[str(self.server.id)]["message"])
        self.assertEqual(offer[str(self.server.id)]["net"], "")

    def test_offered_only_where_no_price_is(self):
        """A service without any price is not shown; the others are."""
        self.server.iaas_dimension_value_ids = self.fr1
        self.assertNotIn(str(self.server.id), self._offer())


@tagged("post_install", "-at_install")
class TestPortalOrderDimensionHttp(
    PortalOrderHttpMixin, PortalDimensionCommon, HttpCase
):
    def test_two_regions_in_one_order(self):
        self._login(self.buyer)
        form = self._form(self.url_open("/my/iaas/order"), "/my/iaas/order/summary")
        form |= {f"qty_{self.server.id}": "1", "customer_ref": "PO 7"}
        more = self._post("/my/iaas/order", form | {"add": str(self.server.id)})
        form = self._form(more, "/my/iaas/order/summary")
        self.assertEqual(form[f"qty_{self.server.id}"], "1")
        self.assertEqual(form["customer_ref"], "PO 7")
        form |= {
            f"qty_{self.server.id}_1": "2",
            self._dim(self.server, 1): str(self.tk1.id),
        }
        summary = self._post("/my/iaas/order/summary", form)
        for words in ("Region: Singapore", "Region: Tokyo", "252.00"):
            self.assertIn(words, self._text(summary))
        changed = self._post("/my/iaas/order", self._form(summary, "/my/iaas/order"))
        kept = self._form(changed, "/my/iaas/order/summary")
        del form["csrf_token"]
        self.assertEqual(kept | form, kept)
        placed = self._post(
            "/my/iaas/order/submit", self._form(summary, "/my/iaas/order/submit")
        )
        self.assertIn("Region: Tokyo", self._text(placed))
        self.assertEqual(self.contract.order_ids.amount_untaxed, 252)
        in_tokyo = self.contract.resource_ids.filtered(
            lambda resource: resource.dimension_value_ids == self.tk1
        )
        self.assertEqual(len(in_tokyo), 2)
        page = self.url_open(f"/my/iaas/resources/{in_tokyo[0].id}")
        self.assertIn("Region: Tokyo", self._text(page))

    def test_refused_choice_keeps_what_was_typed(self):
        self.server.iaas_dimension_value_ids += self.fr1
        self._login(self.buyer)
        typed = {
            f"qty_{self.server.id}": "3",
            f"qty_{self.disk.id}": "25",
            self._dim(self.server): str(self.fr1.id),
            self._dim(self.disk): str(self.tk1.id),
            "customer_ref": "PO 8",
            "service_date": "2030-01-15",
        }
        answer = self._summary(**typed)
        text = self._text(answer)
        self.assertIn("The order has not been placed", text)
        self.assertIn("Server: no price is agreed for Region: Frankfurt", text)
        kept = self._form(answer, "/my/iaas/order/summary")
        self.assertEqual(kept | typed, kept)
        self.assertFalse(self.contract.order_count)

    def test_wrong_choices(self):
        self._login(self.buyer)
        name = f"qty_{self.server.id}"
        for value, words in (
            (str(self.fr1.id), "choose Region, one of Singapore, Tokyo"),
            ("tokyo", "choose Region, one of Singapore, Tokyo"),
            ("", "choose Region, one of Singapore, Tokyo"),
        ):
            answer = self._summary(**{name: "1", self._dim(self.server): value})
            self.assertIn("has not been placed", self._text(answer), value)
            self.assertIn(words, self._text(answer), value)
        many = {f"qty_{self.server.id}_{number}": "1" for number in range(1, 60)}
        self._post("/my/iaas/order", self._csrf() | many)
        self.assertFalse(self.contract.order_count)

    def test_tour(self):
        """In a browser: the price follows the region, two regions in one order."""
        self.start_tour(
            "/my/iaas/order", "iaas_portal_order_region", login=self.buyer.login
        )
        self.assertEqual(self.contract.order_ids.amount_untaxed, 162)
        self.assertEqual(
            self.contract.resource_ids.dimension_value_ids, self.sg1 + self.tk1
        )
