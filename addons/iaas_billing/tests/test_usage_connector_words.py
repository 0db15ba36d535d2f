import socket
from datetime import datetime
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models import iaas_usage_connector_http
from .test_usage_quarantine import UsageQuarantineCommon


@tagged("post_install", "-at_install")
class TestUsageConnectorWords(UsageQuarantineCommon):
    """What goes wrong on the way to a system is said so that a person can mend it."""

    def setUp(self):
        super().setUp()
        self.patch(iaas_usage_connector_http, "_TRIES", 1)
        patcher = patch.dict("os.environ", {"IAAS_USAGE_HOSTS": "127.0.0.1"})
        patcher.start()
        self.addCleanup(patcher.stop)
        self.port = socket.socket()
        self.addCleanup(self.port.close)
        self.port.bind(("127.0.0.1", 0))
        self.connector = self.env["iaas.usage.connector"].create(
            {
                "name": "Prometheus",
                "source_id": self.source.id,
                "url": f"http://127.0.0.1:{self.port.getsockname()[1]}",
                "start_date": datetime(2026, 7, 1),
                "timeout_seconds": 1,
                "query_ids": [
                    (0, 0, {"promql": "up", "meter_id": self.meter.id}),
                ],
            }
        )

    def _refusal(self):
        with self.assertRaises(UserError) as raised:
            self.connector.action_test()
        text = str(raised.exception)
        for inside in ("object at", "Errno", "urllib3", "HTTPConnectionPool"):
            self.assertNotIn(inside, text)
        return text

    def test_nobody_listens(self):
        text = self._refusal()
        self.assertIn(f"{self.connector.url} takes no connection", text)
        self.assertIn("Connection refused", text)
        self.assertIn("firewall", text)

    def test_nobody_answers(self):
        self.port.listen()
        self.assertIn("has not answered within 1 seconds", self._refusal())

    def test_there_is_no_such_host(self):
        with (
            patch.dict("os.environ", {"IAAS_USAGE_HOSTS": ""}),
            patch.object(
                socket,
                "getaddrinfo",
                side_effect=socket.gaierror(-2, "Name or service not known"),
            ),
        ):
            text = self._refusal()
        self.assertIn("no host 127.0.0.1 (Name or service not known)", text)
        self.assertIn("Mend the address", text)
