"""What may be ordered changes with effective dates (R27)."""

from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-15")
class TestCatalogueVersion(IaasContractCommon):
    def _products(self, day):
        return self.catalogue._get_version(date.fromisoformat(day)).product_ids

    def test_first_version_holds_since_ever(self):
        [version] = self.catalogue.version_ids
        self.assertEqual(version.number, 1)
        self.assertFalse(version.date_start)
        self.assertEqual(self._products("1999-01-01"), self.catalogue.product_ids)

    def test_change_begins_today(self):
        before = self.catalogue.product_ids
        self.catalogue.product_ids += self.database
        first, second = self.catalogue.version_ids.sorted("number")
        self.assertEqual(second.date_start, date(2026, 3, 15))
        self.assertEqual(second.added_product_ids, self.database)
        self.assertFalse(second.removed_product_ids)
        self.assertEqual(self._products("2026-03-14"), before)
        self.assertEqual(self._products("2026-03-15"), before + self.database)
        self.catalogue.product_ids -= self.disk
        self.assertEqual(len(self.catalogue.version_ids), 2, "still the same day")
        self.assertEqual(second.removed_product_ids, self.disk)
        self.assertEqual(first.product_ids, before)
        self.catalogue.name = "Renamed"
        self.assertEqual(len(self.catalogue.version_ids), 2)

    def test_planned_version(self):
        action = self.catalogue.with_user(self.ops_manager).action_new_version()
        version = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(version.date_start, date(2026, 4, 1))
        with Form(version.with_user(self.ops_manager)) as form:
            form.product_ids.remove(self.disk.id)
            form.note = "Disks move to the storage catalogue"
        self.assertEqual(version.removed_product_ids, self.disk)
        self.assertIn(self.disk, self.catalogue.product_ids)
        with freeze_time("2026-04-01"):
            self.catalogue.invalidate_recordset(["product_ids"])
            self.assertNotIn(self.disk, self.catalogue.product_ids)
            for product, found in ((self.disk, False), (self.server, True)):
                catalogues = self.env["iaas.catalogue"].search(
                    [("product_ids", "in", product.ids)]
                )
                self.assertEqual(self.catalogue in catalogues, found)

    def test_orders_read_the_catalogue_of_their_day(self):
        self.catalogue.version_ids.create(
            {
                "catalogue_id": self.catalogue.id,
                "date_start": "2026-04-01",
                "product_ids": [Command.set(self.database.ids)],
            }
        )
        self._iaas_order(self.contract, (self.server, 1)).action_confirm()
        with self.assertRaisesRegex(UserError, "not in the catalogue"):
            self._iaas_order(self.contract, (self.database, 1)).action_confirm()
        later = {"commitment_date": "2026-04-01 08:00:00"}
        self._iaas_order(self.contract, (self.database, 1), **later).action_confirm()
        with self.assertRaisesRegex(UserError, "not in the catalogue"):
            self._iaas_order(self.contract, (self.server, 1), **later).action_confirm()

    def test_version_in_force_stays(self):
        version = self.catalogue.version_ids
        self.assertTrue(version.is_locked)
        for change in (
            lambda: version.write({"product_ids": [Command.clear()]}),
            lambda: version.write({"date_start": "2026-05-01"}),
            version.unlink,
        ):
            with self.assertRaises(UserError):
                change()
        version.note = "The first"
        unused = self.catalogue.copy({"name": "Unused"})
        self.assertEqual(unused.product_ids, self.catalogue.product_ids)
        unused.product_ids = self.server
        self.assertEqual(len(unused.version_ids), 1)

    @mute_logger("odoo.sql_db")
    def test_two_versions_cannot_begin_together(self):
        for day in ("2026-05-01", False):
            values = {"catalogue_id": self.catalogue.id, "date_start": day}
            with (
                self.subTest(day=day),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.catalogue.version_ids.create([values, values])

    def test_rights(self):
        version = self.catalogue.version_ids
        Form(version.with_user(self.auditor))
        Form(self.catalogue.with_user(self.sales_user))
        with self.assertRaises(AccessError):
            version.with_user(self.sales_user).note = "x"
        company = self.env["res.company"].create({"name": "Other cloud"})
        theirs = self.env["iaas.catalogue"].create(
            {"name": "Theirs", "company_id": company.id}
        )
        version = theirs.version_ids.create({"catalogue_id": theirs.id})
        with self.assertRaises(AccessError):
            version.with_user(self.ops_manager).read(["number"])
