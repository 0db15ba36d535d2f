from datetime import date, datetime
from decimal import Decimal
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command

from odoo.addons.iaas_contract.tests.common import IaasContractCommon

from ..metering import Entry


class IaasBillingCommon(IaasContractCommon):
    """A company with accounts and taxes, products of two families, meters and a
    source, users of the billing roles; today is 10 July 2026."""

    #: None lets the clock run, as a browser needs it.
    now = "2026-07-10 09:00:00"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.now:
            cls.startClassPatcher(freeze_time(cls.now))
        cls.company = cls.env.company
        if not cls.company.chart_template:
            cls.env["account.chart.template"].try_loading(
                "generic_coa", company=cls.company, install_demo=False
            )
        cls.tax = cls.env["account.tax"].create(
            {
                "name": "Sales tax 10 %",
                "amount": 10,
                "amount_type": "percent",
                "type_tax_use": "sale",
                "price_include_override": "tax_excluded",
            }
        )
        products = cls.server + cls.disk + cls.traffic + cls.setup_fee + cls.database
        products.taxes_id = cls.tax
        cls.contract.date_start = date(2026, 1, 1)
        root = cls.env.ref("iaas_contract.product_category_iaas")
        cls.categ_cloud.parent_id = root
        cls.compute = cls.env.ref("iaas_contract.product_category_iaas_compute")
        cls.eip = cls.env.ref("iaas_contract.product_category_iaas_eip")
        cls.server.categ_id = cls.compute
        cls.traffic.categ_id = cls.eip
        cls.meter = cls._iaas_meter(cls.traffic, "traffic.gib")
        cls.source = cls.env["iaas.usage.source"].create(
            {"name": "Collector", "code": "collector"}
        )
        cls.billing_user = cls._iaas_user(
            "billing_user", "iaas_billing.group_iaas_billing_user"
        )
        cls.billing_manager = cls._iaas_user(
            "billing_manager", "iaas_billing.group_iaas_billing_manager"
        )
        cls.event_count = 0

    @classmethod
    def _keep_transaction(cls):
        """Let crons called by the tests of the class not commit."""
        cls.startClassPatcher(
            patch.object(
                cls.env.registry["ir.cron"],
                "_commit_progress",
                lambda cron, processed=0, *, remaining=None, deactivate=False: 600,
            )
        )

    @classmethod
    def _iaas_meter(cls, product, code, aggregation="sum", **values):
        return cls.env["iaas.meter"].create(
            {
                "name": code,
                "code": code,
                "aggregation": aggregation,
                "product_id": product.id,
                **values,
            }
        )

    @classmethod
    def _iaas_resource(cls, product, contract=None, **values):
        """Make a resource rented since the beginning of 2026."""
        return cls.env["iaas.resource"].create(
            {
                "name": product.name,
                "contract_id": (contract or cls.contract).id,
                "product_id": product.id,
                "date_start": date(2026, 1, 1),
                **values,
            }
        )

    @classmethod
    def _use(cls, resource, *events, meter=None):
        """Take in (UTC time as text, value) events through the one way in."""
        entries = []
        for time, value in events:
            cls.event_count += 1
            event = {
                "specversion": "1.0",
                "id": f"event-{cls.event_count}",
                "source": cls.source.code,
                "type": (meter or cls.meter).code,
                "subject": resource.external_ref,
                "time": f"{time.replace(' ', 'T')}Z",
                "data": {"value": str(value)},
            }
            entries.append(Entry(cls.event_count, "", event))
        ingested = cls.env["iaas.usage.event"]._ingest(entries, cls.source)
        assert not ingested.refusals, ingested.refusals

    @classmethod
    def _run(cls, day, contracts=None, **values):
        """Bill the contracts (by default the one of the class) until the day."""
        contracts = cls.contract if contracts is None else contracts
        run = cls.env["iaas.billing.run"].create(
            {"date": day, "contract_ids": [Command.set(contracts.ids)], **values}
        )
        run.action_start()
        return run

    @classmethod
    def _bill_month(cls, year, month, contract=None, **values):
        """The posted statement of a month of a contract that began with it."""
        contract = contract or cls.contract
        after = date(year + month // 12, month % 12 + 1, 1)
        run = cls._run(date.fromordinal(after.toordinal() - 1), contract, **values)
        return run.statement_ids.filtered(
            lambda statement: statement.date_from == date(year, month, 1)
        )

    @classmethod
    def _amounts(cls, statement):
        """``{(product, first day): exact amount}``."""
        return {
            (line.product_id, line.segment_start): line.amount_exact
            for line in statement.line_ids
        }

    def assertExact(self, value, text):
        """The value is the Decimal with this text, to the last digit."""
        self.assertIsInstance(value, Decimal)
        self.assertEqual(value, Decimal(text))

    @staticmethod
    def _utc(text):
        return datetime.fromisoformat(text)
