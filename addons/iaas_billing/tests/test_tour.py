from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestTour(IaasBillingCommon, HttpCase):
    now = None

    def test_from_run_to_payment(self):
        """The main act: bill what is due, see why it costs that, take the payment."""
        last_month = fields.Date.today() + relativedelta(months=-1, day=1)
        (self.contract + self._iaas_contract(self.other_customer)).write(
            {"date_end": last_month + relativedelta(months=12)}
        )
        self.contract.date_start = last_month
        resource = self._iaas_resource(self.traffic, date_start=last_month)
        self._use(resource, (f"{last_month} 10:00:00", "1000"))
        self.start_tour(
            "/odoo", "iaas_billing_run_to_payment", login=self.billing_user.login
        )
        statement = self.contract.statement_ids
        self.assertEqual(statement.state, "posted")
        self.assertIn(statement.payment_state, ("paid", "in_payment"))
