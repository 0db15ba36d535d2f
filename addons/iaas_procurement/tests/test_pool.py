from decimal import Decimal

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15")
class TestPool(IaasProcurementCommon):
    def test_sellable_leaves_out_reserve_spare_host_and_buffer(self):
        """R70: capacity as procurement rules 2.2 compute it."""
        self.assertRecordValues(
            self.vcpu | self.ram,
            [
                {"usable": 736, "sellable": 588, "sold": 0, "free": 588},
                {"usable": 2208, "sellable": 1766, "sold": 0, "free": 1766},
            ],
        )
        self.assertFalse(self.pool.binding_dim_id)

    def test_only_live_hosts_count(self):
        self.hosts[0].serial = "SN-1"
        self.hosts[0].action_drain()
        self.assertEqual(self.vcpu.sellable, 294)
        self.hosts[0].action_go_live()
        self.assertEqual(self.vcpu.sellable, 588)
        self._hosts(1, state="installed")
        self.assertEqual(self.vcpu.sellable, 588)
        self.assertEqual(self.vcpu.coming, 883 - 588)

    def test_sold_follows_the_resources(self):
        """R71: sold is traced to the resources rented in the pool."""
        resource = self._sell(100)
        self.assertEqual(resource.pool_id, self.pool)
        self.assertRecordValues(
            self.vcpu | self.ram,
            [
                {"sold": 400, "held": 0, "free": 188},
                {"sold": 1600, "held": 0, "free": 166},
            ],
        )
        self.assertEqual(self.vcpu.utilisation, 68)
        self.assertEqual(self.ram.utilisation, Decimal("90.6"))
        self.assertEqual(self.pool.binding_dim_id, self.ram)
        resource.date_end = "2026-06-14"
        self.assertEqual(self.vcpu.sold, 0)

    def test_region(self):
        """R70, R71: a resource goes to the pool of its region, never to another's."""
        region = self.env.ref("iaas_contract.iaas_price_dimension_region")
        sg1, hk1, tk1 = self.env["iaas.price.dimension.value"].create(
            [
                {"dimension_id": region.id, "code": code}
                for code in ("sg1", "hk1", "tk1")
            ]
        )
        anywhere = self.pool.copy({"code": "ANY", "sequence": 20})
        here = self.pool.copy(
            {"code": "HK", "sequence": 30, "dimension_value_ids": hk1.ids}
        )
        self.pool.dimension_value_ids = sg1
        for values, pool in (
            (sg1, self.pool),
            (hk1, here),
            (tk1, anywhere),
            (tk1.browse(), self.pool),
        ):
            resource = self._sell(1, dimension_value_ids=values.ids)
            self.assertEqual(resource.pool_id, pool, values.code)
        anywhere.active = False
        self.assertFalse(self._sell(1, dimension_value_ids=tk1.ids).pool_id)
        resource.dimension_value_ids = hk1
        self.assertEqual(resource.pool_id, here)

    def test_ordered_and_not_started_is_held(self):
        self._sell(10)
        self._sell(5, date_start="2026-07-01")
        self.assertEqual((self.vcpu.sold, self.vcpu.held), (40, 20))
        self.assertEqual(self.vcpu.free, 588 - 60)

    def test_sold_is_exact(self):
        eip = self._pool_product("EIP", self.category, vcpu="0.1")
        for _number in range(3):
            self._sell("0.1", product=eip)
        self.assertEqual(self.vcpu.sold, Decimal("0.03"))

    def test_products_without_capacity_take_nothing(self):
        free = self._pool_product("VPC", self.category)
        self._sell(50, product=free)
        self.assertEqual(self.vcpu.sold, 0)

    def test_oversold_shows_below_zero(self):
        self._sell(150)
        self.assertEqual(self.vcpu.free, -12)
        self.assertEqual(self.vcpu.shortage, 12)
        self.assertTrue(self.pool.is_short)
        self.assertIn(self.pool, self.pool.search([("is_short", "=", True)]))
        self.assertNotIn(self.pool, self.pool.search([("is_short", "=", False)]))
        self.assertTrue(self.pool.usage[0]["short"])

    def test_a_pool_without_hosts(self):
        self.hosts.write({"pool_id": False})
        self.assertEqual(self.vcpu.utilisation, 0)
        self._sell(1)
        self.assertEqual(self.vcpu.utilisation, 100)
        self.assertEqual(self.vcpu.free, -4)

    def test_fill_cap_follows_the_scheduler(self):
        self.assertEqual(self.vcpu.fill_cap, Decimal("0.80"))
        with Form(self.pool) as form:
            form.scheduler = "spread"
        self.assertEqual(self.vcpu.fill_cap, Decimal("0.65"))
        self.assertEqual(self.vcpu.sellable, 478)
        self.vcpu.fill_cap = Decimal("0.70")
        self.assertEqual(self.vcpu.sellable, 515)

    def test_new_dimension_takes_the_cap_of_its_pool(self):
        self.pool.scheduler = "spread"
        self.pool.dim_ids = [Command.create({"dimension": "disk"})]
        self.assertEqual(self.pool.dim_ids[-1].fill_cap, Decimal("0.65"))

    def test_nearest_family_finds_the_pool(self):
        gpu = self.env["product.category"].create(
            {"name": "GPU", "parent_id": self.category.id}
        )
        product = self._pool_product("VM GPU", gpu, vcpu=8)
        self.assertEqual(self._sell(1, product=product).pool_id, self.pool)
        special = self.env["iaas.pool"].create(
            {"name": "GPU East", "code": "GPU", "product_categ_ids": gpu.ids}
        )
        self.assertEqual(self._sell(1, product=product).pool_id, special)
        self.assertEqual(self._sell(1).pool_id, self.pool)

    def test_first_pool_in_the_list_takes_what_both_serve(self):
        first = self.pool.copy({"code": "WEST", "sequence": 1})
        first.product_categ_ids = self.category
        self.assertEqual(self._sell(1).pool_id, first)

    def test_a_pool_takes_in_resources_that_had_none(self):
        storage = self.env["product.category"].create({"name": "Storage"})
        disk = self._pool_product("Disk", storage, disk=100)
        resource = self._sell(1, product=disk)
        self.assertFalse(resource.pool_id)
        self.pool.product_categ_ids |= storage
        self.assertEqual(resource.pool_id, self.pool)

    def test_moving_in_leaves_no_line_on_each_of_thousands(self):
        tracked = {"tracking_disable": False, "mail_notrack": False}
        storage = self.env["product.category"].create({"name": "Storage"})
        resource = self._sell(1, product=self._pool_product("Disk", storage, disk=100))
        resource = resource.with_context(**tracked)
        self._write_messages(resource.env)
        messages = resource.message_ids
        self.pool.with_context(**tracked).product_categ_ids |= storage
        self._write_messages(resource.env)
        self.assertEqual(resource.pool_id, self.pool)
        self.assertEqual(resource.message_ids, messages)
        resource.pool_id = False
        self._write_messages(resource.env)
        self.assertGreater(resource.message_ids, messages)

    def _write_messages(self, env):
        env.flush_all()
        env.cr.precommit.run()

    def test_pool_of_another_company_is_not_used(self):
        other = self.env["res.company"].create({"name": "Branch"})
        contract = self._iaas_contract(
            self.customer, company_id=other.id, state="active"
        )
        self.assertFalse(self._sell(1, contract_id=contract.id).pool_id)

    def test_owner_gets_one_task_while_servers_are_short(self):
        """R1: a shortage is a queue item with one owner and a due date."""
        self._sell(150)
        self.env["iaas.pool"]._cron_schedule_shortages()
        self.env["iaas.pool"]._cron_schedule_shortages()
        task = self.pool.activity_ids
        self.assertEqual(len(task), 1)
        self.assertEqual(task.user_id, self.procurement_user)
        self.assertEqual(str(task.date_deadline), "2026-06-17")
        self._request()
        self.assertFalse(self.pool.activity_ids)
        self.env["iaas.pool"]._cron_schedule_shortages()
        self.assertFalse(self.pool.activity_ids)

    def test_smart_buttons(self):
        resource = self._sell(150)
        order = self._request()
        self.assertRecordValues(
            self.pool,
            [
                {
                    "host_count": 3,
                    "live_host_count": 3,
                    "resource_count": 1,
                    "order_count": 1,
                }
            ],
        )
        for action, records in (
            (self.pool.action_view_hosts(), self.hosts),
            (self.pool.action_view_resources(), resource),
            (self.pool.action_view_orders(), order),
        ):
            found = self.env[action["res_model"]].search(action["domain"])
            self.assertEqual(found, records.sorted() & found)
            self.assertEqual(len(found), len(records))
