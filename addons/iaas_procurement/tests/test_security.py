from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15")
class TestSecurity(IaasProcurementCommon):
    def _records(self):
        return (
            self.pool,
            self.vcpu,
            self.hosts[0],
            self.vm.iaas_capacity_ids[0],
        )

    def test_auditor_reads_all_and_writes_nothing(self):
        """R2: reads all, writes nothing."""
        for record in self._records():
            record = record.with_user(self.auditor)
            self.assertTrue(record.read())
            for operation in ("write", "create", "unlink"):
                self.assertFalse(record.has_access(operation), record)
        self.assertTrue(
            self.env["purchase.order"].with_user(self.auditor).has_access("read")
        )
        with self.assertRaises(AccessError):
            self.pool.with_user(self.auditor).action_request_quotation()

    def test_procurement_user(self):
        """R2: requests and receives, sets up nothing."""
        pool, dim, host, capacity = (
            record.with_user(self.procurement_user) for record in self._records()
        )
        for record in (pool, dim, capacity):
            self.assertTrue(record.has_access("read"))
            self.assertFalse(record.has_access("write"))
        self.assertTrue(host.has_access("write"))
        self.assertFalse(host.has_access("create"))
        self.assertFalse(host.has_access("unlink"))

    def test_procurement_manager(self):
        for record in self._records():
            record = record.with_user(self.procurement_manager)
            self.assertTrue(record.has_access("create"))
            self.assertTrue(record.has_access("unlink"))

    def test_sales_and_portal_see_no_pools(self):
        portal = self._iaas_portal_user("portal_procurement", self.customer)
        for user in (self.sales_user, portal):
            for record in (self.pool, self.vcpu, self.hosts[0]):
                self.assertFalse(record.with_user(user).has_access("read"))

    def test_ops_user_reads_and_moves_a_resource(self):
        resource = self._sell(1)
        west = self.pool.copy({"code": "WEST"})
        resource.with_user(self.ops_user).pool_id = west
        self.assertEqual(resource.pool_id, west)
        self.assertFalse(self.pool.with_user(self.ops_user).has_access("write"))

    def test_other_companies_stay_hidden(self):
        other = self.env["res.company"].create({"name": "Branch"})
        pool = self.pool.copy({"code": "BRANCH", "company_id": other.id})
        host = self._hosts(1, company_id=other.id, pool_id=pool.id)
        for record in (pool, pool.dim_ids[0], host):
            record = record.with_user(self.procurement_manager)
            self.assertFalse(record.search([("id", "=", record.id)]))
            with self.assertRaises(AccessError):
                record.check_access("read")
        self.pool.copy({"code": "BRANCH"})
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.pool.copy({"code": "BRANCH"})
