from odoo.tests import tagged

from odoo.addons.iaas_contract.tests.common_security import ModelSecurityCases

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
class TestModelSecurity(ModelSecurityCases, IaasProcurementCommon):
    addon = "iaas_procurement"
    # What a product takes is the same for every company.
    shared_models = frozenset({"iaas.product.capacity"})
