from datetime import date
from decimal import Decimal

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestResourceChange(IaasContractCommon):
    """R30: what a resource is changes on a day, and its history stays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.large = cls._iaas_product("Large server", cls.categ_compute, "200")
        cls.catalogue.product_ids += cls.large
        cls.server.iaas_change_target_ids = cls.large
        cls.large.iaas_change_target_ids = cls.server
        order = cls._iaas_order(cls.contract, (cls.server, 1), (cls.disk, 100))
        order.action_confirm()
        cls.order = order
        cls.instance, cls.volume = (line.iaas_resource_ids for line in order.order_line)

    def _change(self, resources, kind, day, user=None, **values):
        action = {
            "resize": resources.action_resize,
            "product": resources.action_change_product,
            "suspend": resources.action_suspend,
            "resume": resources.action_resume,
        }[kind]()
        wizard = self.env[action["res_model"]].with_user(user or self.ops_user)
        wizard = wizard.with_context(**action["context"])
        form = Form(wizard)
        form.date = day
        for name, value in values.items():
            form[name] = value
        form.save().action_change()

    def _history(self, resource):
        return [
            (
                segment.kind,
                segment.date_start.day,
                segment.date_end and segment.date_end.day,
                segment.product_id,
                segment.quantity,
                segment.is_suspended,
            )
            for segment in resource.segment_ids.sorted("date_start")
        ]

    def test_resize(self):
        with freeze_time("2026-03-20 12:00:00"):
            self._change(self.volume, "resize", date(2026, 3, 20), quantity=250.5)
            self.assertEqual(self.volume.quantity, Decimal("250.5"))
            self.assertEqual(
                self._history(self.volume),
                [
                    ("start", 10, 19, self.disk, 100, False),
                    ("resize", 20, False, self.disk, Decimal("250.5"), False),
                ],
            )

    def test_planned_change_shows_on_its_day(self):
        self._change(self.instance, "product", date(2026, 3, 15), product_id=self.large)
        self.assertEqual(self.instance.product_id, self.server)
        with freeze_time("2026-03-14 12:00:00"):
            self.env["iaas.resource"]._cron_follow_segments()
            self.assertEqual(self.instance.product_id, self.server)
        with freeze_time("2026-03-15 12:00:00"):
            self.env["iaas.resource"]._cron_follow_segments()
            self.assertEqual(self.instance.product_id, self.large)
            self.assertEqual(self.instance.name, "Large server")

    def test_suspend_and_resume(self):
        self._change(self.volume, "suspend", date(2026, 3, 12))
        with freeze_time("2026-03-12 12:00:00"):
            self.env["iaas.resource"]._cron_follow_segments()
            self.assertTrue(self.volume.is_suspended)
            self.assertEqual(self.volume.state, "running")
            self._change(self.volume, "resume", date(2026, 3, 18))
        self.assertEqual(
            [stretch[:2] for stretch in self.volume._get_stretches()],
            [(date(2026, 3, 10), date(2026, 3, 11)), (date(2026, 3, 18), False)],
        )

    def test_twice_on_a_day(self):
        self._change(self.volume, "resize", date(2026, 3, 12), quantity=200)
        self._change(self.volume, "resize", date(2026, 3, 12), quantity=300)
        self.assertEqual(
            self._history(self.volume),
            [
                ("start", 10, 11, self.disk, 100, False),
                ("resize", 12, False, self.disk, 300, False),
            ],
        )

    def test_stop_ends_the_history(self):
        self._change(self.volume, "resize", date(2026, 3, 12), quantity=200)
        self._change(self.volume, "resize", date(2026, 3, 25), quantity=300)
        self.volume._stop(date(2026, 3, 20))
        self.assertEqual(
            self._history(self.volume),
            [
                ("start", 10, 11, self.disk, 100, False),
                ("resize", 12, 20, self.disk, 200, False),
            ],
        )

    @mute_logger("odoo.sql_db")
    def test_database_refuses_overlap(self):
        self._change(self.volume, "resize", date(2026, 3, 12), quantity=200)
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            self.volume.segment_ids[0].copy({"date_start": date(2026, 3, 11)})

    def test_refused(self):
        traffic = self.env["iaas.resource"].create(
            {
                "contract_id": self.contract.id,
                "product_id": self.traffic.id,
                "date_start": date(2026, 3, 1),
            }
        )
        day = date(2026, 3, 12)
        for resource, kind, on, values, reason in (
            (self.volume, "resize", date(2026, 3, 10), {"quantity": 5}, "not in use"),
            (self.volume, "resize", date(2028, 3, 10), {"quantity": 5}, "not in use"),
            (self.volume, "resize", day, {"quantity": 0}, "above zero"),
            (self.volume, "resize", day, {"quantity": 100}, "this quantity already"),
            (self.instance, "resize", day, {"quantity": 2}, "order more of them"),
            (self.volume, "resume", day, {}, "not suspended"),
            (traffic, "suspend", day, {}, "charged every month"),
        ):
            with (
                self.subTest(kind=kind, reason=reason),
                self.assertRaisesRegex(UserError, reason),
            ):
                resource._change(kind, on, **values)
        self.assertFalse(self.volume.segment_ids)
        self._change(self.volume, "suspend", date(2026, 3, 14))
        with self.assertRaisesRegex(UserError, "entered for 2026-03-14"):
            self.volume._change("resize", day, quantity=Decimal(5))
        with self.assertRaisesRegex(UserError, "suspended already"):
            self.volume._change("suspend", date(2026, 3, 16))

    def test_products_it_may_become(self):
        day = date(2026, 3, 12)
        with self.assertRaisesRegex(UserError, "cannot become Disk"):
            self.instance._change("product", day, product=self.disk)
        self.catalogue.product_ids -= self.large
        with self.assertRaisesRegex(UserError, "not in the catalogue"):
            self.instance._change("product", day, product=self.large)
        self.catalogue.product_ids += self.large
        self.large.iaas_price_ids.unlink()
        with self.assertRaisesRegex(UserError, "no price on 2026-03-12"):
            self.instance._change("product", day, product=self.large)
        self._iaas_price(self.large, "200")
        self.large.iaas_retiring_date = date(2026, 3, 1)
        with self.assertRaisesRegex(UserError, "retiring"):
            self.instance._change("product", day, product=self.large)
        with self.assertRaisesRegex(ValidationError, "in the same unit"):
            self.server.iaas_change_target_ids = self.disk

    def test_into_what_the_catalogue_has_since_then(self):
        """What came into the catalogue after the resource began is open to it."""
        new = self._iaas_product("New server", self.categ_compute, "90")
        self.server.iaas_change_target_ids += new
        day = date(2026, 3, 20)
        with freeze_time("2026-03-20 12:00:00"):
            self.catalogue.product_ids += new
            self._change(self.instance, "product", day, product_id=new)
            self.assertEqual(self.instance.product_id, new)
        self.assertEqual(self.instance.date_start, date(2026, 3, 10))

    def test_only_operations_change(self):
        for user in (self.sales_user, self.auditor, self.solution_engineer):
            with self.assertRaises(AccessError):
                self.volume.with_user(user)._change(
                    "resize", date(2026, 3, 12), quantity=Decimal(5)
                )
        self._change(self.volume, "resize", date(2026, 3, 12), quantity=200)
        with self.assertRaisesRegex(UserError, "use Resize"):
            self.volume.with_user(self.ops_user).quantity = 5
        for operation in ("write", "create", "unlink"):
            with self.assertRaises(AccessError):
                self.volume.segment_ids.with_user(self.ops_manager).check_access(
                    operation
                )

    def test_confirming_again_makes_nothing_new(self):
        self._change(self.volume, "resize", date(2026, 3, 12), quantity=200)
        with freeze_time("2026-03-13 12:00:00"):
            self.env["iaas.resource"]._cron_follow_segments()
            self.order._iaas_lines()._iaas_create_resources()
            self.assertEqual(self.order.iaas_resource_count, 2)

    def test_orders_pivot_tells_changes(self):
        """R47: new, change and stop add up to what runs."""
        self._change(self.volume, "resize", date(2026, 4, 1), quantity=300)
        self._change(self.instance, "product", date(2026, 4, 1), product_id=self.large)
        self.contract.line_ids = [
            Command.create({"product_id": self.disk.id, "discount": "50"})
        ]
        self._change(self.volume, "suspend", date(2026, 5, 1))
        self.volume._stop(date(2026, 6, 30))
        rows = self.env["iaas.order.report"]._read_group(
            [("contract_id", "=", self.contract.id)],
            ["order_type", "date:month", "product_id"],
            ["quantity:sum", "monthly_amount:sum", "__count"],
        )
        self.assertEqual(
            {(row[0], row[1].month, row[2]): row[3:] for row in rows},
            {
                ("new", 3, self.server): (1, 80, 1),
                ("new", 3, self.disk): (100, 5, 1),
                ("change", 4, self.disk): (200, 10, 1),
                ("change", 4, self.server): (-1, -80, 1),
                ("change", 4, self.large): (1, 200, 1),
                ("change", 5, self.disk): (0, -15, 1),
                ("stop", 6, self.disk): (-300, 0, 1),
            },
        )

    def test_change_counts_for_credit_and_visits(self):
        self.customer.activity_ids.action_feedback()
        self._change(self.instance, "product", date(2026, 3, 11), product_id=self.large)
        self.assertIn("by +141 %", self.customer.activity_ids.note)
        with freeze_time("2026-03-11 12:00:00"):
            self.assertEqual(self.contract._get_monthly_fees(), {self.contract: 205})
