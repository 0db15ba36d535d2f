from odoo.tests import HttpCase, tagged

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
class TestTour(IaasContractCommon, HttpCase):
    def test_from_contract_to_resources(self):
        """The main act: sign a contract, call off under it, see what runs."""
        self.other_customer.iaas_verification_state = "verified"
        contract = self._iaas_contract(
            self.other_customer, title="Analytics cluster", date_end=False
        )
        seller = self._iaas_user(
            "seller", "sales_team.group_sale_manager,iaas_customer.group_iaas_ops_user"
        )
        self.start_tour("/odoo", "iaas_contract_call_off", login=seller.login)
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.resource_count, 2)
