from datetime import date

from odoo.tests import freeze_time

from .common import IaasBillingCommon

JULY_END = date(2026, 7, 31)


class IaasAdvanceCommon(IaasBillingCommon):
    """A server since June under a contract that is billed before the service."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.write({"date_start": date(2026, 6, 1), "billing_timing": "before"})
        cls.instance = cls._iaas_resource(cls.server, date_start=date(2026, 6, 1))

    def _advances(self, contract=None):
        return (contract or self.contract).statement_ids.filtered(
            lambda statement: (
                statement.kind == "advance" and statement.state == "posted"
            )
        )

    def _settle_july(self, contract=None):
        with freeze_time("2026-08-03 09:00:00"):
            self._run(JULY_END, contract or self.contract)
        return (contract or self.contract).statement_ids.filtered(
            lambda statement: (
                statement.kind == "regular" and statement.date_to == JULY_END
            )
        )
