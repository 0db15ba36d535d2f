from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15")
class TestRequest(IaasProcurementCommon):
    def test_shortage_becomes_a_request_for_whole_servers(self):
        """R70, R71: 4,000 GiB against 1,766 ask for three servers of 883.2."""
        self._sell(250)
        self.assertEqual(self.ram.shortage, 4000 - 1766)
        self.assertEqual(self.pool.servers_to_request, 3)
        order = self._request()
        self.assertRecordValues(
            order,
            [{"state": "draft", "partner_id": self.vendor.id, "origin": "EAST"}],
        )
        self.assertRecordValues(
            order.order_line,
            [
                {
                    "product_id": self.host_model.id,
                    "product_qty": 3,
                    "price_unit": 21000,
                    "iaas_pool_id": self.pool.id,
                }
            ],
        )
        self.assertIn("RAM asks for the most", order.message_ids[0].body)
        self.assertIn(order.name, self.pool.message_ids[0].body)

    def test_pressing_twice_requests_nothing_twice(self):
        self._sell(150)
        order = self._request()
        with self.assertRaisesRegex(UserError, "needs no further servers"):
            self._request()
        order.button_confirm()
        with self.assertRaisesRegex(UserError, "needs no further servers"):
            self._request()
        order.order_line.qty_received = 1
        for action in ("action_install", "action_go_live"):
            with self.assertRaisesRegex(UserError, "needs no further servers"):
                self._request()
            order.order_line.iaas_host_ids.serial = "SN-1"
            getattr(order.order_line.iaas_host_ids, action)()
        self.assertFalse(self.pool.is_short)
        self.assertEqual(len(self.pool.purchase_line_ids), 1)

    def test_growth_after_a_request_asks_for_the_rest_only(self):
        self._sell(150)
        self.assertEqual(self._request().order_line.product_qty, 1)
        self._sell(150)
        self.assertEqual(self._request().order_line.product_qty, 3)

    def test_a_cancelled_request_counts_no_more(self):
        self._sell(150)
        self._request().button_cancel()
        self.assertEqual(self.pool.servers_to_request, 1)
        self.assertTrue(self._request())

    def test_alternatives_count_once(self):
        """Of alternative requests one is going to be ordered."""
        self._sell(250)
        first = self._request()
        second = first.with_context(origin_po_id=first.id).copy()
        self.assertIn(second, first.alternative_po_ids)
        self.assertEqual(self.pool.coming_server_count, 3)
        second.order_line.product_qty = 4
        self.assertEqual(self.pool.coming_server_count, 4)
        first.with_context(skip_alternative_check=True).button_confirm()
        self.assertEqual(self.pool.coming_server_count, 3)

    def test_nothing_short(self):
        with self.assertRaisesRegex(UserError, "Compute East needs no further servers"):
            self._request()
        self.assertFalse(self.pool.purchase_line_ids)

    def test_no_vendor(self):
        self._sell(150)
        self.host_model.seller_ids.unlink()
        with self.assertRaisesRegex(UserError, "Nobody sells 2U server 96c"):
            self._request()

    def test_an_archived_vendor_is_not_asked(self):
        self._sell(150)
        self.vendor.active = False
        with self.assertRaisesRegex(UserError, "Nobody sells"):
            self._request()

    def test_smallest_order_of_the_vendor(self):
        self._sell(150)
        self.host_model.seller_ids.min_qty = 4
        self.assertEqual(self._request().order_line.product_qty, 4)

    def test_no_server_model(self):
        self._sell(150)
        self.pool.server_product_id = False
        self.assertEqual(self.pool.servers_to_request, 0)
        with self.assertRaisesRegex(UserError, "has no server model"):
            self._request()

    def test_server_without_the_short_dimension(self):
        disk = self._pool_product("Disk", self.category, disk=1000)
        self.pool.dim_ids = [Command.create({"dimension": "disk"})]
        self._sell(1, product=disk)
        self.assertTrue(self.pool.is_short)
        with self.assertRaisesRegex(UserError, "short of Disk"):
            self._request()

    def test_no_dimensions(self):
        self.pool.dim_ids.unlink()
        with self.assertRaisesRegex(UserError, "has no dimensions"):
            self._request()

    def test_a_new_pool_buys_its_spare_host_too(self):
        self.hosts.pool_id = False
        self._sell(1)
        self.assertEqual(self._request().order_line.product_qty, 2)

    def test_requests_for_two_pools_are_not_merged(self):
        """Servers of one pool would arrive in the other."""
        self._sell(150)
        west = self.pool.copy({"code": "WEST"})
        self._sell(1, pool_id=west.id)
        orders = self._request() | self._request(west)
        with self.assertRaisesRegex(UserError, "must be same"):
            orders.action_merge()
        self._sell(150)
        orders |= self._request()
        orders.action_merge()
        lines = orders.filtered(lambda order: order.state == "draft").order_line
        self.assertEqual(
            {line.iaas_pool_id: line.product_qty for line in lines},
            {self.pool: 4, west: 2},
        )
        self.assertEqual(self.pool.servers_to_request, 0)

    def test_a_colleague_does_the_task_of_the_owner(self):
        self._sell(150)
        self.pool.user_id = self.procurement_manager
        self.env["iaas.pool"]._cron_schedule_shortages()
        self.assertTrue(self.pool.activity_ids)
        self._request()
        self.assertFalse(self.pool.activity_ids)

    def test_a_pool_of_another_company_buys_for_it(self):
        branch = self.env["res.company"].create({"name": "Branch"})
        self.procurement_user.company_ids |= branch
        self.host_model.seller_ids.company_id = False
        contract = self._iaas_contract(
            self.customer, company_id=branch.id, state="active"
        )
        pool = self.pool.copy({"code": "BRANCH", "company_id": branch.id})
        pool.product_categ_ids = self.category
        self._sell(1, contract_id=contract.id)
        order = self._request(pool.with_context(allowed_company_ids=branch.ids))
        self.assertEqual(order.company_id, branch)

    def test_currency_and_terms_of_the_vendor(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        term = self.env.ref("account.account_payment_term_30days")
        self.vendor.property_supplier_payment_term_id = term
        self.host_model.seller_ids.currency_id = euro
        self._sell(150)
        self.assertRecordValues(
            self._request(),
            [{"currency_id": euro.id, "payment_term_id": term.id}],
        )
