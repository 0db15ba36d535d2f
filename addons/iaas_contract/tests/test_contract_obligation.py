from datetime import date

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestContractObligation(IaasContractCommon):
    """R28: obligations of both sides, with owner, due date and state."""

    def _obligation(self, **values):
        """Agreed in the contract, which is signed; seen to by the salesperson."""
        obligation = self.env["iaas.contract.obligation"].create(
            {
                "name": "Hand over the network plan",
                "contract_id": self.contract.id,
                "side": "customer",
                "date_deadline": date(2026, 3, 31),
                **values,
            }
        )
        return obligation.with_user(self.sales_user)

    def _found(self, obligation, *states):
        return self.env["iaas.contract.obligation"].search(
            [("id", "=", obligation.id), ("state", "in", states)]
        )

    def test_states(self):
        obligation = self._obligation()
        self.assertEqual(obligation.user_id, self.contract.user_id)
        self.assertEqual(obligation.state, "open")
        self.assertTrue(self._found(obligation, "open"))
        obligation.sudo().date_deadline = date(2026, 3, 9)
        self.assertEqual(obligation.state, "late")
        self.assertTrue(self._found(obligation, "late"))
        self.assertFalse(self._found(obligation, "open", "done", "lapsed"))
        obligation.action_done()
        self.assertEqual(obligation.done_date, date(2026, 3, 10))
        self.assertTrue(self._found(obligation, "done"))
        obligation.action_reopen()
        self.contract._terminate(date(2026, 3, 10), "Moves in house")
        obligation.invalidate_recordset()
        self.assertEqual(obligation.state, "lapsed")
        self.assertTrue(self._found(obligation, "lapsed"))
        self.assertFalse(self._found(obligation, "late"))
        with self.assertRaisesRegex(UserError, "is over"):
            obligation.action_done()
