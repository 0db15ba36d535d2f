"""Every step of an amendment and of a price list version, by every role, in every
status: allowed or refused as these tables say. Those of contracts are in
``iaas_contract_transitions``."""

from datetime import date

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import IaasContractCommon

SELLERS = ("sales_team.group_sale_salesman", "iaas_customer.group_iaas_ops_user")
MANAGERS = ("sales_team.group_sale_manager", "iaas_customer.group_iaas_ops_manager")

# action: (statuses it is for, groups, status after it)
AMENDMENT = {
    "action_submit": ({"draft"}, SELLERS, "approved"),
    "action_draft": ({"in_review", "approved"}, SELLERS, "draft"),
    "action_withdraw": ({"draft", "in_review", "approved"}, SELLERS, "void"),
    "action_send_mail": ({"approved"}, SELLERS, "approved"),
    "action_sign": ({"approved"}, SELLERS, "approved"),
    "action_put_in_force": ({"approved"}, SELLERS, "in_force"),
}
PRICE_LIST = {
    "action_submit": ({"draft"}, MANAGERS, "to_approve"),
    "action_approve": ({"to_approve"}, MANAGERS, "approved"),
    "action_cancel": ({"draft", "to_approve", "cancelled"}, MANAGERS, "cancelled"),
}


class StateTableCommon(IaasContractCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roles = cls._iaas_roles()

    def _try_all(self, table, record, prepare):
        states = [state for state, _label in record._fields["state"].selection]
        for action, (sources, groups, target) in table.items():
            for state in states:
                for role, user in self.roles.items():
                    allowed = state in sources and any(map(user.has_group, groups))
                    with self.subTest(action=action, state=state, role=role):
                        # Each try is taken back.
                        savepoint = self.cr.savepoint()
                        prepare(record, state)
                        self._try(record.with_user(user), action, allowed, target)
                        savepoint.close(rollback=True)

    def _try(self, record, action, allowed, target):
        before = record.sudo().state
        if allowed:
            getattr(record, action)()
            self.assertEqual(record.sudo().state, target)
        else:
            with self.assertRaises(UserError):  # AccessError is one
                getattr(record, action)()
            self.assertEqual(record.sudo().state, before)


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestAmendmentStates(StateTableCommon):
    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_each_action_state_and_role(self):
        self.contract.action_amend()
        version = self.contract.version_ids.filtered(lambda v: v.state == "draft")
        version.write({"notice_days": 45, "date_effective": date(2026, 3, 10)})

        def prepare(version, state):
            values = {"state": state}
            if state == "approved":
                version.state = "in_review"
                version._settle("approved", "")
                values |= {"signed_by": "Mei Tanaka", "signed_date": date(2026, 3, 9)}
            if state == "in_force":
                self.contract.version_id._leave("superseded")
            version.write(values)
            version.flush_recordset()

        self._try_all(AMENDMENT, version, prepare)


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestPriceListStates(StateTableCommon):
    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_each_action_state_and_role(self):
        """The author is none of the roles, so that only the roles decide."""
        author = self._iaas_user("author", "sales_team.group_sale_manager")
        approver = self._iaas_user("asked", "sales_team.group_sale_manager")
        version = (
            self.env["iaas.price.list.version"]
            .with_user(author)
            .create(
                {
                    "date_start": date(2026, 7, 1),
                    "reason": "The market went down",
                    "approver_id": approver.id,
                    "price_ids": [
                        Command.create({"product_id": self.disk.id, "unit_price": 3})
                    ],
                }
            )
        )
        self._try_all(
            PRICE_LIST,
            version.sudo(),
            lambda record, state: record.write({"state": state}),
        )
