from dateutil.relativedelta import relativedelta

from odoo import Command, fields
from odoo.tests import HttpCase, tagged

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
class TestClockTours(IaasContractCommon, HttpCase):
    """The boards as the people who work with them use them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.context_today(cls.contract)
        cls.seller = cls._iaas_user(
            "seller", "sales_team.group_sale_manager,iaas_customer.group_iaas_ops_user"
        )

    def _tour(self, path, tour):
        self.start_tour(f"/odoo/{path}", tour, login=self.seller.login)

    def test_delay_board(self):
        """R33: from the board to the reason and the forecast, and back."""
        late = self._iaas_contract(
            self.customer,
            date_start=self.today,
            date_end=False,
            date_opened=self.today - relativedelta(days=60),
        )
        self._tour("iaas-delay-board", "iaas_contract_delay_board")
        self.assertEqual(late.next_stage_id.delay_reason, "budget")
        self.assertEqual(str(late.next_stage_id.date_forecast), "2030-12-31")

    def test_renewal(self):
        """R45: from the pipeline: prices revised, then submitted."""
        self.env["iaas.contract.line"].create(
            {
                "contract_id": self.contract.id,
                "product_id": self.server.id,
                "discount": "20",
            }
        )
        self.contract.date_end = self.today + relativedelta(days=30)
        self.contract._open_renewal()
        renewal = self.contract.renewed_by_id
        self.env["iaas.contract.approval.rule"].create(
            {
                "name": "All of it",
                "condition": "always",
                "user_ids": self.ops_manager.ids,
            }
        )
        self._tour("iaas-renewals", "iaas_contract_renewal")
        self.assertEqual(renewal.state, "review")
        self.assertEqual(renewal.line_ids.discount, 16)

    def test_negotiation(self):
        """R41: who negotiates grants what the mandate covers, not more."""
        lead = self.env["crm.lead"].create(
            {
                "name": "Cloud",
                "type": "opportunity",
                "partner_id": self.customer.id,
                "user_id": self.seller.id,
            }
        )
        give = {"direction": "give", "kind": "discount", "product_id": self.server.id}
        negotiation = self.env["iaas.negotiation"].create(
            {
                "name": "First round",
                "lead_id": lead.id,
                "line_ids": [
                    Command.create({"product_id": self.server.id, "quantity": 10})
                ],
                "move_ids": [
                    Command.create(
                        give | {"discount": "4", "description": "Small discount"}
                    ),
                    Command.create(
                        give | {"discount": "60", "description": "Large discount"}
                    ),
                ],
            }
        )
        self._tour("iaas-negotiations", "iaas_contract_negotiation")
        self.assertEqual(
            negotiation.move_ids.sorted("discount").mapped("state"),
            ["granted", "proposed"],
        )
