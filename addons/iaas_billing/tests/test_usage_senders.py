from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from ..metering import Entry


@tagged("post_install", "-at_install")
class TestUsageSenders(BaseCase):
    """Two senders of one source, on connections of their own.

    Inside a test's single transaction nobody could race; so this commits a source,
    and deletes it again.
    """

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            source = self._env(cr)["iaas.usage.source"].create(
                {"name": "Race", "code": "test/race"}
            )
            self.source_id = source.id
        self.addCleanup(self._clean)

    def _env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})

    def _clean(self):
        with self.registry.cursor() as cr:
            self._env(cr)["iaas.usage.source"].browse(self.source_id).unlink()

    def _ingest(self, cr):
        env = self._env(cr)
        meter = env["iaas.meter"].search([], limit=1)
        event = {
            "specversion": "1.0",
            "id": "race",
            "source": "test/race",
            "type": meter.code or "none",
            "subject": "nothing",
            "time": "2026-06-01T00:00:00Z",
            "data": {"value": 1},
        }
        source = env["iaas.usage.source"].browse(self.source_id)
        env["iaas.usage.event"]._ingest([Entry(0, "", event)], source)
        source._serialise()

    def test_a_sender_that_did_not_see_the_other_must_begin_again(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            # Both have their snapshot before either stores anything.
            first.execute("SELECT 1")
            second.execute("SELECT 1")
            self._ingest(first)
            first.commit()
            with self.assertRaises(SerializationFailure):
                self._ingest(second)
            second.rollback()
            self._ingest(second)

    def test_a_second_sender_waits_for_the_first(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self._ingest(first)
            second.execute("SET LOCAL lock_timeout = '200ms'")
            with self.assertRaisesRegex(Exception, "lock timeout"):
                self._ingest(second)
            second.rollback()
            first.rollback()
            self._ingest(second)
