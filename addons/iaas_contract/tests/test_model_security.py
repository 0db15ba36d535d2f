from odoo import Command
from odoo.tests import tagged

from .common import IaasContractCommon
from .common_security import ModelSecurityCases


@tagged("post_install", "-at_install")
class TestModelSecurity(ModelSecurityCases, IaasContractCommon):
    addon = "iaas_contract"
    portal_models = frozenset(
        {
            "iaas.contract",
            "iaas.contract.clause",
            "iaas.contract.version",
            "iaas.resource",
        }
    )
    shared_models = frozenset(
        {"iaas.competitor", "iaas.price.dimension", "iaas.price.dimension.value"}
    )
    auditor_wizards = frozenset(
        {"iaas.contract.review", "iaas.contract.review.line", "iaas.price.list.export"}
    )

    @classmethod
    def setUpClass(cls):
        """One record or more of each kind."""
        super().setUpClass()
        order = cls._iaas_order(cls.contract, (cls.server, 1), (cls.disk, 5))
        order.action_confirm()
        cls.contract.resource_ids[:1].date_start = "2025-06-01"
        cls.env["iaas.contract.line"].create(
            {
                "contract_id": cls.contract.id,
                "product_id": cls.server.id,
                "discount": "5",
            }
        )
        cls._iaas_contract(cls.customer)
        lead = cls.env["crm.lead"].create(
            {"name": "Deal", "type": "opportunity", "partner_id": cls.customer.id}
        )
        competitor = cls.env["iaas.competitor"].create({"name": "Stratus"})
        line = {"product_id": cls.server.id, "quantity": 1}
        for model, values in (
            (
                "iaas.stakeholder",
                {"partner_id": cls.contact.id, "department": "finance"},
            ),
            (
                "iaas.competitor.offer",
                {
                    "competitor_id": competitor.id,
                    "line_ids": [Command.create(line | {"competitor_price": "70"})],
                },
            ),
            ("iaas.deal.estimate", {"line_ids": [Command.create(line)]}),
            (
                "iaas.negotiation",
                {
                    "line_ids": [Command.create(line)],
                    "move_ids": [
                        Command.create({"direction": "give", "description": "Term"})
                    ],
                },
            ),
        ):
            cls.env[model].create({"lead_id": lead.id, **values})
