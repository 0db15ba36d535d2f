from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import IaasProcurementCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15")
class TestHost(IaasProcurementCommon):
    def test_life_of_a_host(self):
        host = self._hosts(1, state="ordered", serial=" SN-7 ")
        host = host.with_user(self.procurement_user)
        self.assertEqual(host.serial, "SN-7")
        for action, state, date in (
            ("action_receive", "received", "date_received"),
            ("action_install", "installed", "date_installed"),
            ("action_go_live", "live", "date_live"),
            ("action_drain", "drained", "date_drained"),
            ("action_go_live", "live", "date_live"),
            ("action_drain", "drained", "date_drained"),
            ("action_retire", "retired", "date_retired"),
        ):
            getattr(host, action)()
            self.assertEqual(host.state, state)
            self.assertEqual(str(host[date]), "2026-06-15")

    def test_a_step_cannot_be_skipped(self):
        host = self._hosts(1, state="received", serial="SN-8")
        with self.assertRaisesRegex(UserError, "is Received. Only a host"):
            host.action_go_live()
        with self.assertRaisesRegex(UserError, "Only a host"):
            self.hosts.action_retire()

    def test_a_host_is_not_racked_without_its_serial_number(self):
        host = self._hosts(1, state="received", serial=False)
        with self.assertRaisesRegex(UserError, "without its serial number"):
            host.action_install()
        self.assertEqual(host.state, "received")

    def test_status_is_not_written_by_hand(self):
        host = self._hosts(1, state="received").with_user(self.procurement_manager)
        with self.assertRaisesRegex(UserError, "by its buttons"):
            host.state = "live"

    def test_live_needs_serial_and_pool(self):
        host = self._hosts(1, state="installed", pool_id=False)
        with self.assertRaisesRegex(UserError, "serial number, pool"):
            host.action_go_live()

    def test_hosts_with_a_history_are_kept(self):
        with self.assertRaisesRegex(UserError, "Retire it"):
            self.hosts[0].with_user(self.procurement_manager).unlink()
        self._hosts(1, state="ordered").with_user(self.procurement_manager).unlink()

    def test_names_are_numbered(self):
        first, second = self._hosts(2, state="ordered")
        self.assertTrue(first.name.startswith("host-"))
        self.assertNotEqual(first.name, second.name)
        second.serial = "SN-9"
        self.assertEqual(second.display_name, f"{second.name} (SN-9)")
        self.assertEqual(
            self.env["iaas.host"].name_search("SN-9"),
            [(second.id, second.display_name)],
        )
