from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from .common import IaasContractCommon


class DealCommon(IaasContractCommon):
    """An opportunity of the customer, worth 100,000."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.role_decision_maker.objection_percent = 40
        cls.lead = cls.env["crm.lead"].create(
            {
                "name": "Move to the cloud",
                "type": "opportunity",
                "partner_id": cls.customer.id,
                "user_id": cls.sales_user.id,
                "expected_revenue": 100_000,
            }
        )

    def _stakeholder(self, partner, **values):
        return self.env["iaas.stakeholder"].create(
            {"lead_id": self.lead.id, "partner_id": partner.id, **values}
        )

    def _assert_denied(self, records, user, *operations):
        for operation in operations:
            with (
                self.assertRaises(
                    AccessError, msg=f"{records} {operation} {user.login}"
                ),
                mute_logger("odoo.addons.base.models.ir_rule"),
            ):
                records.with_user(user).check_access(operation)
