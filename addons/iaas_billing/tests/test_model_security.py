from odoo.tests import tagged

from odoo.addons.iaas_contract.tests.common_security import ModelSecurityCases

from .common import IaasBillingCommon


@tagged("post_install", "-at_install")
class TestModelSecurity(ModelSecurityCases, IaasBillingCommon):
    addon = "iaas_billing"
    portal_models = frozenset(
        {
            "iaas.budget",
            "iaas.current.usage",
            "iaas.statement",
            "iaas.statement.dispute",
            "iaas.statement.line",
            "iaas.usage.daily",
        }
    )
    shared_models = frozenset({"iaas.meter", "iaas.usage.archive"})

    @classmethod
    def setUpClass(cls):
        """A month that was billed, so that there is something to see."""
        super().setUpClass()
        cls._iaas_resource(cls.server)
        cls._bill_month(2026, 1)
