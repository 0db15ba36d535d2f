import gzip
import shutil
import tempfile
from datetime import date
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..metering import read_ndjson
from .test_usage_ingest import IaasUsageCommon


@tagged("post_install", "-at_install")
class TestUsageArchive(IaasUsageCommon):
    """Old events leave by the retention setting, never before they are billed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Archive = cls.env["iaas.usage.archive"]
        cls.folder = Path(tempfile.mkdtemp())
        cls._set("usage_archive_folder", str(cls.folder))
        cls._set("usage_retention_months", "3")
        cls.contract.timezone = "UTC"
        cls._use(
            cls.resource,
            ("2026-01-05 00:00:00", "1.5"),
            ("2026-01-31 23:59:59.999999", "2"),
            ("2026-02-01 00:00:00", "4"),
        )

    def setUp(self):
        super().setUp()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    @classmethod
    def _set(cls, name, value):
        cls.env["ir.config_parameter"].set_param(f"iaas_billing.{name}", value)

    def _retire(self):
        # The months of other tests' databases may hold what nobody bills.
        due = [month for month in self.Archive._find_due() if month.year == 2026]
        for month in due:
            if self.Archive._is_needed(month):
                break
            self.Archive._retire(month)
        return due

    def _months(self):
        return self.Archive.search([("month", ">=", "2026-01-01")]).mapped("month")

    def test_all_is_kept_without_a_setting(self):
        for value in ("0", "", "many"):
            self._set("usage_retention_months", value)
            self.assertFalse(self.Archive._find_due())

    def test_months_that_are_due(self):
        self.assertEqual(
            [month for month in self.Archive._find_due() if month.year == 2026],
            [date(2026, 1, 1), date(2026, 2, 1)],
        )

    def test_what_is_not_billed_stays(self):
        self._retire()
        self.assertFalse(self._months())
        self._bill_month(2026, 1)
        self._retire()
        self.assertEqual(self._months(), [date(2026, 1, 1)])
        self.assertEqual(len(self._stored()), 1)

    def test_a_draft_is_not_billed(self):
        start, end = self._utc("2026-01-01"), self._utc("2026-02-01")
        draft = self.env["iaas.statement"].create(
            self.contract._prepare_statement(start, end)
        )
        draft._rate()
        self.assertTrue(self.Archive._is_unbilled(date(2026, 1, 1)))

    def test_what_came_in_later_stays(self):
        """An event for a period that was posted before it came."""
        self._bill_month(2026, 1)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE iaas_usage_event SET received_at = '2099-01-01' "
            "WHERE source_id = %s AND value = 2",
            [self.source.id],
        )
        self.assertTrue(self.Archive._is_unbilled(date(2026, 1, 1)))

    def test_verifying_does_not_bill_what_came_in_later(self):
        """The daily check of the hashes writes on posted statements."""
        statement = self._bill_month(2026, 1)
        with freeze_time("2026-07-12 09:00:00"):
            self._use(self.resource, ("2026-01-06 00:00:00", "3"))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE iaas_statement SET write_date = '2026-07-14' WHERE id = %s",
            [statement.id],
        )
        self.assertTrue(self.Archive._is_unbilled(date(2026, 1, 1)))
        self.env["iaas.after.close"]._queue(statement)
        self.assertTrue(self.Archive._is_in_question(date(2026, 1, 1)))
        statement.after_close_ids._write_off("Ours")
        self.assertFalse(self.Archive._is_needed(date(2026, 1, 1)))

    def test_what_is_disputed_stays(self):
        statement = self._bill_month(2026, 1)
        self.assertFalse(self.Archive._is_needed(date(2026, 1, 1)))
        dispute = self.env["iaas.statement.dispute"].create(
            {"line_id": statement.line_ids[0].id, "reason": "Too much"}
        )
        self._retire()
        self.assertFalse(self._months())
        dispute._reject("As measured.")
        self._retire()
        self.assertEqual(self._months(), [date(2026, 1, 1)])

    def test_what_a_renewal_took_over_was_billed(self):
        self._bill_month(2026, 1)
        other = self._iaas_contract(self.customer, renewal_of_id=self.contract.id)
        self.resource.contract_id = other
        self.assertFalse(self.Archive._is_unbilled(date(2026, 1, 1)))

    def test_what_was_archived_is_not_rated_again(self):
        """Rated by what is left, all that was billed would be credited."""
        meter = self._iaas_meter(self.disk, "disk.peak", "max")
        disk = self._iaas_resource(self.disk)
        self._use(disk, ("2026-01-10 00:00:00", "2"), meter=meter)
        statement = self._bill_month(2026, 1)
        self._retire()
        self.assertEqual(self._months(), [date(2026, 1, 1)])
        with self.assertRaisesRegex(UserError, "retention"), self.env.cr.savepoint():
            statement.action_correct()
        with self.assertRaisesRegex(UserError, "retention"), self.env.cr.savepoint():
            statement._void("Wrong")
        with freeze_time("2026-07-12 09:00:00"):
            self._use(disk, ("2026-01-11 00:00:00", "1"), meter=meter)
        self.env["iaas.after.close"]._queue(statement)
        item = statement.after_close_ids
        self.assertEqual(item.amount, 0)
        self.assertIn("retention", item.obstacle)

    def test_what_the_daily_sums_say_is_rated_again(self):
        statement = self._bill_month(2026, 1)
        self._retire()
        with self.assertRaisesRegex(UserError, "no difference"):
            statement.action_correct()

    def test_nothing_that_is_not_seen_is_dropped(self):
        """What others stored after the transaction has begun to read is not in the
        file; so it begins with the lock that keeps others out."""
        self._bill_month(2026, 1)
        log = []
        execute = Cursor.execute

        def listen(cursor, query, *args, **kwargs):
            log.append(str(getattr(query, "code", query)).split()[:2])
            return execute(cursor, query, *args, **kwargs)

        def commit(_cron, processed=0, **_values):
            log.append("commit")
            return 600

        with (
            patch.object(Cursor, "execute", listen),
            patch.object(self.env.registry["ir.cron"], "_commit_progress", commit),
            patch.object(
                type(self.Archive), "_find_due", lambda archive: [date(2026, 1, 1)]
            ),
        ):
            self.Archive._cron_retire()
        self.assertEqual(self._months(), [date(2026, 1, 1)])
        *_first, begun, _done = (at for at, what in enumerate(log) if what == "commit")
        self.assertEqual(log[begun + 1], ["LOCK", "TABLE"])

    def test_the_file_holds_every_event(self):
        self._bill_month(2026, 1)
        sums = self.env["iaas.usage.daily"].search([]).mapped("quantity")
        self._retire()
        archive = self.Archive.search([("month", "=", "2026-01-01")])
        self.assertEqual((archive.kind, archive.event_count), ("archive", 2))
        path = Path(archive.path)
        self.assertEqual(archive.checksum, sha256(path.read_bytes()).hexdigest())
        entries = list(read_ndjson(gzip.decompress(path.read_bytes()).decode()))
        self.assertEqual(len(entries), 2)
        self.assertEqual(set(self._stored().values()), {4})
        # Sent again, each is known; its sums are still there.
        again = self.Event._ingest(entries, self.source)
        self.assertEqual(again, (0, 2, []))
        self.assertEqual(
            self.env["iaas.usage.daily"].search([]).mapped("quantity"), sums
        )
        entries[0].event["data"]["value"] = 7
        (refusal,) = self.Event._ingest(entries, self.source).refusals
        self.assertEqual(refusal.reason, "duplicate_id")
        self.env["iaas.usage.daily"]._derive()
        self.assertEqual(
            sorted(self.env["iaas.usage.daily"].search([]).mapped("quantity")),
            sorted(sums),
        )

    def test_what_has_usage_is_remembered(self):
        self._bill_month(2026, 1)
        self._bill_month(2026, 2)
        self._retire()
        self.assertEqual(len(self._months()), 2)
        self.assertFalse(self._stored())
        for record in (self.meter, self.source, self.resource):
            with self.assertRaisesRegex(UserError, "usage"):
                record.unlink()

    def test_a_level_goes_on(self):
        """What is still rented keeps the level from which its next months count."""
        meter = self._iaas_meter(self.disk, "disk.level", "time_weighted")
        disk = self._iaas_resource(self.disk, external_ref="disk-1")
        self._use(
            disk,
            ("2026-01-10 00:00:00", 5),
            ("2026-01-20 00:00:00", 3),
            meter=meter,
        )
        self._bill_month(2026, 1)
        self._retire()
        self.assertEqual(list(self._stored(meter_id=meter.id).values()), [3])
        archive = self.Archive.search([("month", "=", "2026-01-01")])
        self.assertEqual(archive.kept_count, 1)
        line = self._bill_month(2026, 2).line_ids.filtered(
            lambda line: line.meter_id == meter
        )
        self.assertEqual(line.quantity, 3 * 28 * 24)

    def test_deleting(self):
        self._set("usage_retirement", "delete")
        self._bill_month(2026, 1)
        self._retire()
        archive = self.Archive.search([("month", "=", "2026-01-01")])
        self.assertEqual((archive.kind, archive.path), ("delete", False))
        self.assertFalse(list(self.folder.rglob("*-2026-01*")))
        self.assertEqual(len(self._stored()), 1)

    def test_a_late_event_of_an_archived_month_is_taken(self):
        self._bill_month(2026, 1)
        self._retire()
        self._use(self.resource, ("2026-01-06 00:00:00", 9))
        self.assertIn(9, self._stored().values())
        self.assertNotIn(date(2026, 1, 1), self.Archive._find_due())

    def test_archives_are_evidence(self):
        archive = self.Archive.create({"month": "2020-01-01", "kind": "delete"})
        with self.assertRaisesRegex(UserError, "evidence"):
            archive.unlink()
        with mute_logger("odoo.addons.base.models.ir_model"):
            for user in (self.billing_user, self.billing_manager):
                with self.assertRaises(AccessError):
                    archive.with_user(user).kind = "archive"
        self.assertEqual(archive.with_user(self.billing_manager).kind, "delete")
