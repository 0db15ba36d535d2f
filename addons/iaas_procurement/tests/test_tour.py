from odoo.fields import Date
from odoo.tests import HttpCase, tagged

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
class TestTour(IaasProcurementCommon, HttpCase):
    def test_from_shortage_to_live_host(self):
        """R70: a shortage is requested, ordered, received and put into service."""
        self._sell(150, date_start=Date.today())
        self.start_tour(
            "/odoo", "iaas_procurement_shortage", login=self.procurement_user.login
        )
        line = self.pool.purchase_line_ids
        self.assertEqual(line.order_id.state, "purchase")
        self.assertEqual(line.iaas_host_ids.state, "live")
        self.assertFalse(self.pool.is_short)
