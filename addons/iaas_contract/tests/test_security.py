from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestSecurity(IaasContractCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_contract = cls._iaas_contract(cls.other_customer, state="active")
        cls.line = cls.env["iaas.contract.line"].create(
            {
                "contract_id": cls.contract.id,
                "product_id": cls.server.id,
                "discount": "10",
            }
        )
        for contract in (cls.contract, cls.other_contract):
            cls._iaas_order(contract, (cls.server, 1)).action_confirm()
        cls.resource = cls.contract.resource_ids
        cls.other_resource = cls.other_contract.resource_ids
        cls.portal = cls._iaas_portal_user("portal", cls.customer)

    def _assert_denied(self, records, user, *operations):
        for operation in operations:
            with (
                self.assertRaises(AccessError, msg=f"{records} {operation}"),
                mute_logger("odoo.addons.base.models.ir_rule"),
            ):
                records.with_user(user).check_access(operation)

    def test_portal_sees_its_own_company_only(self):
        for own, other in (
            (self.contract, self.other_contract),
            (self.resource, self.other_resource),
        ):
            self.assertEqual(own.with_user(self.portal).search([]), own)
            own.with_user(self.portal).read(["display_name", "partner_id", "state"])
            self._assert_denied(other, self.portal, "read")
            self._assert_denied(own, self.portal, "write", "create", "unlink")

    def test_portal_sees_no_draft(self):
        draft = self._iaas_contract(self.customer)
        self._assert_denied(draft, self.portal, "read")

    def test_other_company_stays_hidden(self):
        company = self.env["res.company"].create({"name": "Second Cloud"})
        contract = self._iaas_contract(
            self.customer, state="active", company_id=company.id
        )
        line = self.line.copy({"contract_id": contract.id})
        resource = self.env["iaas.resource"].create(
            {"contract_id": contract.id, "product_id": self.server.id}
        )
        for records in (contract, line, resource):
            self._assert_denied(records, self.sales_user, "read")
            self._assert_denied(records, self.auditor, "read")
            self.assertNotIn(records, records.with_user(self.ops_user).search([]))

    def test_auditor_reads_all_and_writes_nothing(self):
        for records in (self.contract, self.line, self.resource):
            records.with_user(self.auditor).check_access("read")
            self._assert_denied(records, self.auditor, "write", "create", "unlink")
        with self.assertRaises(AccessError):
            self._iaas_contract(self.customer).with_user(self.auditor).action_send()

    def test_solution_engineer_reads(self):
        for records in (self.contract, self.line, self.resource):
            records.with_user(self.solution_engineer).check_access("read")
            self._assert_denied(records, self.solution_engineer, "write")

    def test_sales_do_not_touch_resources(self):
        self.resource.with_user(self.sales_user).check_access("read")
        self._assert_denied(self.resource, self.sales_user, "write", "create")
        wizard = self.env["iaas.resource.stop"].with_user(self.sales_user)
        self._assert_denied(wizard, self.sales_user, "create")

    def test_plain_employee_sees_nothing(self):
        employee = self._iaas_user("employee", "base.group_user")
        for records in (self.contract, self.line, self.resource):
            self._assert_denied(records, employee, "read")
