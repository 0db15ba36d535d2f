import base64
import json
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_usage_ingest import IaasUsageCommon

HEADER = "id,type,subject,time,value,region"


def line(event_id, value="1.5", time="2026-06-01T00:00:00Z", **cells):
    subject = cells.get("subject", "net-1")
    return f"{event_id},{cells.get('type', 'traffic.gib')},{subject},{time},{value},"


@tagged("post_install", "-at_install")
class TestUsageImport(IaasUsageCommon):
    """Files: the good lines are stored, the bad ones wait to be mended (R46)."""

    def _make(self, *lines, name="usage.csv", **values):
        content = "\n".join(lines).encode()
        return (
            self.env["iaas.usage.import"]
            .with_user(self.billing_user)
            .create(
                {
                    "name": name,
                    "file": base64.b64encode(content),
                    "source_id": self.source.id,
                    **values,
                }
            )
        )

    def _import(self, *lines, **values):
        usage_import = self._make(*lines, **values)
        usage_import.action_import()
        return usage_import

    def _rejects(self, usage_import):
        return [(line.position, line.reason) for line in usage_import.reject_ids]

    def test_a_good_file(self):
        usage_import = self._import(HEADER, line("e-1") + "tokyo", line("e-2", 3))
        self.assertEqual(usage_import.state, "done")
        self.assertEqual(usage_import.accepted_count, 2)
        self.assertFalse(usage_import.reject_file)
        self.assertEqual(
            self._stored(import_id=usage_import.id),
            {"e-1": Decimal("1.5"), "e-2": Decimal(3)},
        )
        events = self.Event.search(usage_import.action_view_usage()["domain"])
        # At the same instant, in which order is PostgreSQL's business.
        self.assertCountEqual(events.mapped("dimensions_text"), ["", "region: tokyo"])

    def test_bad_lines_are_kept_with_their_reason(self):
        usage_import = self._import(
            HEADER,
            line("e-1"),
            "too,few",
            line("e-3", type="nothing"),
            line("e-4", subject="nothing"),
            line("e-5", -1),
            line("e-6", "NaN"),
            line("e-7", "1.000.000"),
            line("e-8", time="2026-06-01T00:00:00"),
            line("e-9", time="01/06/2026"),
            line("e-1", 2),
            line(""),
            line("e-1"),
            '"e-13,unclosed',
            line("e-14"),
        )
        self.assertEqual(usage_import.state, "rejects")
        self.assertEqual(
            self._rejects(usage_import),
            [
                (3, "malformed_event"),
                (6, "negative_quantity"),
                (7, "not_a_number"),
                (8, "not_a_number"),
                (9, "time_without_zone"),
                (10, "invalid_time"),
                (11, "duplicate_id"),
                (12, "malformed_event"),
                (14, "malformed_event"),
            ],
        )
        counts = (
            usage_import.accepted_count,
            usage_import.duplicate_count,
            usage_import.reject_count,
        )
        self.assertEqual(counts, (2, 1, 9))
        self.assertEqual(usage_import.quarantined_count, 2)
        self.assertEqual(usage_import.received_count, 14)
        self.assertEqual(len(self._stored()), 2)

    def test_rejects_are_mended_and_come_back(self):
        first = self._import(HEADER, line("e-1"), line("e-2", "two") + "osaka")
        rejects = base64.b64decode(first.reject_file).decode()
        self.assertEqual(
            rejects,
            "refused_line,refused_because,id,type,subject,time,value,region\n"
            "3,value 'two' is not a number,e-2,traffic.gib,net-1,"
            "2026-06-01T00:00:00Z,two,osaka\n",
        )
        self.assertEqual(first.reject_file_name, "rejects-usage.csv")
        second = self._import(rejects.replace(",two,", ",2,"))
        self.assertEqual(second.state, "done")
        self.assertEqual(self._stored(), {"e-1": Decimal("1.5"), "e-2": Decimal(2)})

    def test_the_same_file_is_recognised(self):
        first = self._import(HEADER, line("e-1"))
        again = self._make(HEADER, line("e-1"), name="copy.csv")
        with self.assertRaisesRegex(UserError, "imported as usage.csv"):
            again.action_import()
        with self.assertRaisesRegex(UserError, "imported already"):
            first.action_import()

    def test_the_same_lines_in_another_file_change_nothing(self):
        self._import(HEADER, line("e-1"))
        again = self._import(HEADER, line("e-1"), "")
        self.assertEqual((again.accepted_count, again.duplicate_count), (0, 1))
        self.assertEqual(again.state, "done")

    def test_a_wrong_column_refuses_the_file_whole(self):
        usage_import = self._make("id,type,subject,time,vaule", line("e-1"))
        with self.assertRaisesRegex(UserError, r"missing column\(s\): value.*vaule"):
            usage_import.action_import()
        self.assertEqual(usage_import.state, "draft")
        self.assertFalse(self._stored())

    def test_files_that_are_not_text(self):
        for content in (b"\xff\xfe\x00", b""):
            usage_import = self._make()
            usage_import.file = base64.b64encode(content or b"\n")
            with self.assertRaisesRegex(UserError, "can't be read"):
                usage_import.action_import()

    def test_ndjson(self):
        usage_import = self._import(
            json.dumps(self._event()),
            "",
            "{bad",
            json.dumps(self._event(id="e-2", source="elsewhere")),
            json.dumps(self._event(id="e-3", time=...)),
            json.dumps(self._event(id="e-4", data={"value": float("nan")})),
            name="usage.ndjson",
        )
        self.assertEqual(
            self._rejects(usage_import),
            [
                (3, "malformed_event"),
                (4, "unknown_source"),
                (5, "invalid_time"),
                (6, "not_a_number"),
            ],
        )
        self.assertEqual(self._stored(), {"e-1": Decimal("1.5")})
        rejects = base64.b64decode(usage_import.reject_file).decode()
        self.assertEqual(rejects.split("\n")[0], "{bad")
        mended = rejects.replace("{bad\n", "").replace("NaN", "4")
        mended = mended.replace("elsewhere", "collector")
        second = self._import(mended, name=usage_import.reject_file_name)
        self.assertEqual((second.accepted_count, second.reject_count), (2, 1))

    def test_a_line_of_another_source_is_refused(self):
        self.source.copy({"code": "other"})
        usage_import = self._import(
            "source,id,type,subject,time,value",
            "other,e-1,traffic.gib,net-1,2026-06-01T00:00:00Z,1",
            ",e-2,traffic.gib,net-1,2026-06-01T00:00:00Z,1",
            "collector,e-3,traffic.gib,net-1,2026-06-01T00:00:00Z,1",
        )
        self.assertEqual(self._rejects(usage_import), [(2, "source_not_allowed")])
        self.assertEqual(set(self._stored()), {"e-2", "e-3"})

    def test_the_value_goes_to_the_property_of_the_meter(self):
        meter = self._iaas_meter(
            self.server, "users", "count_unique", value_property="user"
        )
        self._import(HEADER, line("e-1", "ann", type="users"))
        event = self.Event.search([("meter_id", "=", meter.id)])
        self.assertEqual((event.value, event.dimensions), (1, {"user": "ann"}))

    def test_an_import_is_evidence(self):
        usage_import = self._import(HEADER, line("e-1"))
        with self.assertRaisesRegex(UserError, "imported already"):
            usage_import.file = base64.b64encode(b"other")
        with self.assertRaisesRegex(UserError, "evidence"):
            usage_import.sudo().unlink()
        self._make(HEADER).sudo().unlink()

    def test_who_may_import(self):
        usage_import = self._make(HEADER, line("e-1"))
        self.assertEqual(usage_import.with_user(self.auditor).state, "draft")
        with self.assertRaises(AccessError):
            usage_import.with_user(self.auditor).action_import()

    def test_ten_thousand_lines(self):
        lines = (line(f"e-{number}") for number in range(10_000))
        usage_import = self._import(HEADER, *lines)
        self.assertEqual(usage_import.accepted_count, 10_000)
