from datetime import date

from freezegun import freeze_time
from lxml import etree

from odoo import Command
from odoo.tests import tagged

from .common import IaasContractCommon

FEW, MANY = 20, 80
# What a list may cost more for sixty further records: pages of the prefetch, no more.
SPARE = 12
# The credit of each customer is looked at for itself.
ONE_BY_ONE = {"iaas_contract.sale_order_view_list_to_release"}


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 12:00:00")
class TestListQueries(IaasContractCommon):
    """Lists are read whole, never record by record: measured on each list of the
    addon, with as many records as fit on a page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        customers = [
            cls._iaas_customer(
                f"Customer {number}", cls.tier_large, iaas_verification_state="verified"
            )
            for number in range(MANY)
        ]
        cls.contracts = cls.env["iaas.contract"].create(
            [
                {
                    "title": "Cloud services",
                    "partner_id": customer.id,
                    "date_start": date(2025, 1, 1),
                    "date_end": date(2026, 5, 31),
                    "timezone": "UTC",
                    "catalogue_id": cls.env["iaas.catalogue"]
                    .create({"name": customer.name})
                    .id,
                    "commitment_amount": 100,
                    "credit_limit_amount": 5000,
                    "line_ids": [
                        Command.create({"product_id": cls.server.id, "discount": "5"})
                    ],
                    "clause_ids": [Command.create({"name": "Data", "text": "Stays."})],
                    "annex_ids": [Command.create({"name": "SLA", "file": "U0xB"})],
                    "obligation_ids": [
                        Command.create(
                            {"name": "Plan", "date_deadline": date(2026, 3, 1)}
                        )
                    ],
                    "dispatch_ids": [Command.create({"tracking_number": "1"})],
                }
                for customer in customers
            ]
        )
        for contract in cls.contracts:
            contract.catalogue_id.product_ids = cls.server + cls.disk
            cls._iaas_price(cls.disk, "0.04", contract_id=contract.id)
        cls.contracts.state = "active"
        for contract in cls.contracts:
            contract._current_version()
            contract.action_amend()
        cls.orders = cls.env["sale.order"].create(
            [
                {
                    "partner_id": contract.partner_id.id,
                    "iaas_contract_id": contract.id,
                    "order_line": [
                        Command.create(
                            {"product_id": cls.server.id, "product_uom_qty": 1}
                        )
                    ],
                }
                for contract in cls.contracts
            ]
        )
        cls.orders.action_confirm()
        cls.contracts._follow_term()
        competitor = cls.env["iaas.competitor"].create({"name": "Stratus"})
        line = {"product_id": cls.server.id, "quantity": 1}
        for model, values in (
            ("iaas.stakeholder", {"partner_id": cls.contact.id}),
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
            if model == "iaas.stakeholder":
                continue
            cls.env[model].create(
                [{"contract_id": contract.id, **values} for contract in cls.contracts]
            )

    def _specification(self, view):
        model = self.env[view.model]
        arch = etree.fromstring(model.get_view(view.id, "list")["arch"])
        return {
            node.get("name"): {"fields": {"display_name": {}}}
            if model._fields[node.get("name")].relational
            else {}
            for node in arch.iterfind("./field")
        }

    def _count(self, model, specification, limit):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        found = model.web_search_read([], specification, limit=limit)
        return self.env.cr.sql_log_count - before, len(found["records"])

    def _culprits(self, model, specification):
        """The fields that are read record by record."""
        grows = {}
        for name, wanted in specification.items():
            few, many = (
                self._count(model, {name: wanted}, limit)[0] for limit in (FEW, MANY)
            )
            if many - few > SPARE:
                grows[name] = many - few
        return grows

    def test_every_list(self):
        admin = self.env.ref("base.user_admin")
        views = self.env["ir.ui.view"].search(
            [("type", "=", "list"), ("mode", "=", "primary")]
        )
        measured = 0
        for view in views:
            xml_id = view.xml_id
            if not xml_id.startswith("iaas_contract.") or xml_id in ONE_BY_ONE:
                continue
            model = self.env[view.model].with_user(admin)
            if model._transient:
                continue
            specification = self._specification(view)
            self._count(model, specification, FEW)
            few, read = self._count(model, specification, FEW)
            many, all_read = self._count(model, specification, MANY)
            if all_read > read:
                measured += 1
                with self.subTest(view=xml_id, records=(read, all_read)):
                    self.assertLessEqual(
                        many - few,
                        SPARE,
                        f"{few} to {many}: {self._culprits(model, specification)}",
                    )
        self.assertGreater(measured, 12)
