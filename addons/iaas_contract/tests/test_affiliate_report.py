from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import IaasContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestAffiliateReport(IaasContractCommon):
    """R23: affiliates pay what others pay, or somebody sees it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_customer.sudo().iaas_verification_state = "verified"
        cls.affiliate = cls._iaas_contract(
            cls.other_customer, state="active", is_related_party=True
        )
        cls.affiliate.line_ids = [
            Command.create({"product_id": cls.server.id, "discount": "40"})
        ]
        cls._iaas_price(cls.disk, "0.04", contract_id=cls.affiliate.id)
        for contract in (cls.contract, cls.affiliate):
            cls._iaas_order(contract, (cls.server, 2), (cls.disk, 100)).action_confirm()
        cls._iaas_order(cls.contract, (cls.server, 9))
        cls.env.flush_all()

    def _groups(self, user):
        report = self.env["iaas.affiliate.report"].with_user(user)
        return {
            (party, product): (discount, below)
            for party, product, discount, below in report._read_group(
                [("contract_id", "in", (self.contract + self.affiliate).ids)],
                ["party", "product_id"],
                ["discount:avg", "below_list:avg"],
            )
        }

    def test_discounts_side_by_side(self):
        groups = self._groups(self.sales_user)
        self.assertEqual(groups["affiliate", self.server], (40, 40))
        self.assertEqual(groups["other", self.server], (0, 0))
        discount, below = groups["affiliate", self.disk]
        self.assertEqual(discount, 0)
        self.assertAlmostEqual(below, 20, msg="an own price counts as well")

    def test_quotations_do_not_count(self):
        lines = self.env["iaas.affiliate.report"].search(
            [("contract_id", "=", self.contract.id)]
        )
        self.assertEqual(len(lines), 2)
        self.assertEqual(sum(lines.mapped("net_amount")), 165)

    def test_other_companies(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = self._iaas_user(
            "elsewhere",
            "sales_team.group_sale_salesman",
            company_id=company.id,
            company_ids=company.ids,
        )
        self.assertFalse(self._groups(user))
