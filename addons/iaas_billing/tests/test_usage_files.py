import base64
import csv
import gzip
import io
from datetime import datetime
from decimal import Decimal
from zipfile import ZipFile

import openpyxl

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..metering import open_xlsx
from ..models import iaas_usage_import_reading
from .test_usage_ingest import IaasUsageCommon

FOCUS = (
    "BillingAccountId,BillingPeriodStart,ChargeCategory,ChargeClass,ChargePeriodStart,"
    "ChargePeriodEnd,ConsumedQuantity,ConsumedUnit,ResourceId,SkuId,SkuMeter,"
    "CommitmentDiscountStatus,RegionId,SubAccountId,BilledCost"
)


def focus_row(day=1, category="Usage", quantity="24.5", resource="net-1", **cells):
    row = {
        "BillingAccountId": "acc-1",
        "BillingPeriodStart": "2026-06-01T00:00:00Z",
        "ChargeCategory": category,
        "ChargePeriodStart": f"2026-06-{day:02}T00:00:00Z",
        "ChargePeriodEnd": f"2026-06-{day + 1:02}T00:00:00Z",
        "ConsumedQuantity": quantity,
        "ConsumedUnit": "GiB",
        "ResourceId": resource,
        "SkuId": "sku-1",
        "SkuMeter": "traffic.gib",
        "RegionId": "tokyo",
        "BilledCost": "1.0",
    } | cells
    return ",".join(row.get(name, "") for name in FOCUS.split(","))


class UsageFilesCommon(IaasUsageCommon):
    def _make(self, content, name="usage.csv", **values):
        content = content.encode() if isinstance(content, str) else content
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

    def _import(self, content, name="usage.csv", **values):
        usage_import = self._make(content, name, **values)
        usage_import.action_import()
        self._check_nothing_lost(usage_import)
        return usage_import

    def _check_nothing_lost(self, usage_import):
        one = usage_import
        self.assertEqual(
            one.received_count,
            one.accepted_count
            + one.duplicate_count
            + one.quarantined_count
            + one.ignored_count
            + one.reject_count,
        )

    def _mapping(self, **values):
        return self.env["iaas.usage.mapping"].create(
            {
                "name": "Partner",
                "source_id": self.source.id,
                "subject_column": "Resource",
                "time_column": "When",
                "value_column": "GiB",
                "meter_id": self.meter.id,
                **values,
            }
        )

    def _rejects(self, usage_import):
        return base64.b64decode(usage_import.reject_file).decode()


@tagged("post_install", "-at_install")
class TestUsageFiles(UsageFilesCommon):
    """Files of other shapes than our template (R46, R64)."""

    NATIVE = (
        "id,type,subject,time,value\ne-1,traffic.gib,net-1,2026-06-01T00:00:00Z,2\n"
    )

    def test_a_sheet_without_end_is_cut(self):
        """A row may say that it is the two-thousand-millionth: all before it would be
        read."""
        book = openpyxl.Workbook()
        for row in (["id", "value"], ["e-1", 1]):
            book.active.append(row)
        stream, forged = io.BytesIO(), io.BytesIO()
        book.save(stream)
        with ZipFile(stream) as good, ZipFile(forged, "w") as bad:
            for name in good.namelist():
                content = good.read(name)
                if name.endswith("sheet1.xml"):
                    content = content.replace(b'r="2"', b'r="2000000"')
                    content = content.replace(b'"A2"', b'"A2000000"')
                    content = content.replace(b'"B2"', b'"B2000000"')
                bad.writestr(name, content)
        [line] = open_xlsx(forged.getvalue()).lines
        self.assertIn("more than 1048576 rows", line.refusal.detail)

    def test_gzip(self):
        usage_import = self._import(gzip.compress(self.NATIVE.encode()), "u.csv.gz")
        self.assertEqual(usage_import.accepted_count, 1)
        again = self._make(self.NATIVE, "plain.csv")
        with self.assertRaisesRegex(UserError, "imported as u.csv.gz"):
            again.action_import()
        broken = self._make(gzip.compress(self.NATIVE.encode())[:-9], "b.csv.gz")
        with self.assertRaisesRegex(UserError, "not a whole gzip"):
            broken.action_check()

    def test_a_gzip_that_unpacks_too_large(self):
        bomb = gzip.compress(b"\0" * 1_000_000)
        self.patch(iaas_usage_import_reading, "MAX_UNPACKED", 999_999)
        with self.assertRaisesRegex(UserError, "unpacks to more than"):
            self._make(bomb, "bomb.csv.gz").action_import()

    def _sheet(self, *rows):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        output = io.BytesIO()
        book.save(output)
        return output.getvalue()

    def test_xlsx(self):
        usage_import = self._import(
            self._sheet(
                ["id", "type", "subject", "time", "value", "region"],
                ["e-1", "traffic.gib", "net-1", datetime(2026, 6, 1, 9), 0.1, "tokyo"],
                [None] * 6,
                ["e-2", "traffic.gib", "net-1", "2026-06-01T00:00:00Z", 3, None],
                ["e-3", "traffic.gib", "net-1", datetime(2026, 6, 2), "two", None],
            ),
            "usage.xlsx",
        )
        self.assertEqual(self._stored(), {"e-1": Decimal("0.1"), "e-2": Decimal(3)})
        self.assertEqual(usage_import.reject_file_name, "rejects-usage.csv")
        rejects = self._rejects(usage_import)
        self.assertIn("5,value 'two' is not a number,e-3,", rejects)
        mended = rejects.replace(",two,", ",2,").replace(
            "2026-06-02T00:00:00", "2026-06-02T00:00:00Z"
        )
        self.assertEqual(self._import(mended, "m.csv").accepted_count, 1)

    def test_what_only_looks_like_a_sheet(self):
        with self.assertRaisesRegex(UserError, "not a spreadsheet"):
            self._make(b"PK\x03\x04rubbish", "u.xlsx").action_check()
        with self.assertRaisesRegex(UserError, "not a spreadsheet"):
            self._make(b"PK\x03\x04rubbish", "u.xlsx").action_import()

    def test_columns_of_a_partner(self):
        """Own columns, semicolons, local times and decimal commas, without ids."""
        mapping = self._mapping(
            time_format="%d.%m.%Y %H:%M", tz="Asia/Tokyo", decimal_comma=True
        )
        content = (
            "Resource;When;GiB;Region\n"
            "net-1;01.06.2026 09:00;1.234,56;tokyo\n"
            "net-1;01.06.2026 09:00;2;osaka\n"
            "net-1;01.06.2026 10:00;x;osaka\n"
        )
        usage_import = self._make(content)
        self.assertEqual(usage_import.mapping_id, mapping)
        usage_import.action_import()
        events = self.Event.search([("import_id", "=", usage_import.id)], order="value")
        self.assertEqual(events.mapped("value"), [Decimal(2), Decimal("1234.56")])
        self.assertEqual(str(events[0].time), "2026-06-01 00:00:00")
        self.assertEqual(events[1].dimensions, {"Region": "tokyo"})
        # The same lines once more, in another order, are known.
        lines = content.splitlines()
        again = self._import("\n".join([lines[0], lines[2], lines[1]]))
        self.assertEqual((again.accepted_count, again.duplicate_count), (0, 2))

    def test_equal_lines_without_ids_count_each(self):
        self._mapping()
        line = "net-1,2026-06-01T00:00:00Z,1\n"
        content = "Resource,When,GiB\n" + line * 3
        self.assertEqual(self._import(content).accepted_count, 3)
        again = self._import(content + "\n")
        self.assertEqual((again.accepted_count, again.duplicate_count), (0, 3))

    def test_a_mended_line_keeps_the_id_made_for_it(self):
        """Else the second of two equal lines would be taken for the first."""
        self._mapping()
        content = (
            "Resource,When,GiB\n"
            "net-1,2026-06-01T00:00:00Z,1\n"
            "net-1,2026-06-01T00:00:00Z,bad\n"
        )
        rejects = self._rejects(self._import(content))
        self.assertIn("refused_id", rejects)
        self.assertEqual(self._import(rejects.replace("bad", "1")).accepted_count, 1)
        self.assertEqual(sum(self._stored().values()), 2)

    def test_times_that_the_clock_change_left_out(self):
        self._mapping(tz="Europe/Berlin")
        usage_import = self._import(
            "Resource,When,GiB\nnet-1,2026-03-29 02:30:00,1\n"
            "net-1,2026-03-29 03:30:00,1\n"
        )
        self.assertEqual(usage_import.reject_ids.mapped("reason"), ["invalid_time"])
        event = self.Event.search([("import_id", "=", usage_import.id)])
        self.assertEqual(str(event.time), "2026-03-29 01:30:00")

    def test_a_time_without_zone_is_refused(self):
        self._mapping()
        usage_import = self._import("Resource,When,GiB\nnet-1,2026-03-29 02:30:00,1\n")
        self.assertEqual(
            usage_import.reject_ids.mapped("reason"), ["time_without_zone"]
        )

    def test_the_zones_to_choose_from(self):
        zones = dict(
            self.env["iaas.usage.mapping"].fields_get(["tz"])["tz"]["selection"]
        )
        self.assertIn("Asia/Tokyo", zones)

    def test_wrong_mappings(self):
        for values in (
            {"meter_id": False},
            {"type_column": "x"},
            {"subject_column": False},
            {"value_column": False},
            {"time_format": "%H:%M"},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self._mapping(**values)
        self._mapping()
        with self.assertRaisesRegex(UserError, r"missing column\(s\): Resource"):
            self._import("A,B\n1,2\n")

    def test_focus(self):
        """FOCUS 1.2: rows of use become events, the others are counted."""
        content = "\n".join(
            [
                FOCUS,
                focus_row(),
                focus_row(2, quantity="0.000000000000000001"),
                focus_row(category="Tax", quantity=""),
                focus_row(category="Purchase", quantity="", SkuMeter=""),
                focus_row(CommitmentDiscountStatus="Unused", quantity=""),
                focus_row(3, SkuMeter="Requests"),
                focus_row(3, resource="other"),
                focus_row(3, quantity=""),
                focus_row(3, quantity="-1"),
            ]
        )
        usage_import = self._import(content)
        counts = (
            usage_import.accepted_count,
            usage_import.ignored_count,
            usage_import.quarantined_count,
            usage_import.reject_count,
        )
        self.assertEqual(counts, (2, 3, 2, 2))
        event = self.Event.search([("import_id", "=", usage_import.id)], limit=1)
        self.assertEqual(event.dimensions["ConsumedUnit"], "GiB")
        self.assertEqual(event.dimensions["RegionId"], "tokyo")
        self.assertIn(Decimal("24.5"), self._stored().values())
        names = self.env["iaas.usage.quarantine"].search(
            usage_import.action_view_quarantine()["domain"]
        )
        self.assertEqual(set(names.mapped("name")), {"Requests", "other"})
        # Costs and tags of a later issue change nothing; a quantity is refused.
        again = self._import(
            "\n".join([FOCUS, focus_row(BilledCost="9"), focus_row(2, quantity="7")])
        )
        self.assertEqual(again.duplicate_count, 1)
        self.assertEqual(again.reject_ids.mapped("reason"), ["duplicate_id"])

    def test_focus_by_another_column(self):
        self.env["iaas.usage.alias"]._map(self.source, "type", "sku-1", self.meter)
        mapping = self.env["iaas.usage.mapping"].create(
            {
                "name": "FOCUS by SKU",
                "source_id": self.source.id,
                "kind": "focus",
                "type_column": "SkuId",
            }
        )
        usage_import = self._import(
            "\n".join([FOCUS, focus_row(SkuMeter="whatever")]), mapping_id=mapping.id
        )
        self.assertEqual(usage_import.accepted_count, 1)

    def test_preview(self):
        """Nothing is stored before it was seen: counts, sums, unknown, first lines."""
        rows = ["id,type,subject,time,value"]
        rows += [
            f"e-{n},traffic.gib,net-1,2026-06-0{n}T00:00:00Z,0.{n}" for n in range(1, 5)
        ]
        rows += [
            "u-1,traffic.gib,<b>net</b>,2026-06-01T00:00:00Z,1",
            "u-2,nothing,net-1,2026-06-01T00:00:00Z,1",
            "r-1,traffic.gib,net-1,2026-06-01T00:00:00Z,x",
        ]
        usage_import = self._make("\n".join(rows))
        usage_import.action_check()
        self.assertEqual(usage_import.state, "checked")
        self.assertEqual(usage_import.preview_count, 7)
        self.assertEqual(usage_import.preview_problem_count, 3)
        meter_line = usage_import.meter_line_ids
        self.assertEqual(meter_line.meter_id, self.meter)
        self.assertExact(meter_line.quantity, "1.0")
        self.assertEqual(str(meter_line.date_last), "2026-06-04 00:00:00")
        self.assertEqual(usage_import.resource_line_ids.resource_id, self.resource)
        self.assertEqual(
            usage_import.problem_line_ids.mapped("kind"),
            ["unknown", "unknown", "refused"],
        )
        self.assertIn("&lt;b&gt;net", usage_import.preview_html)
        self.assertNotIn("<b>", usage_import.preview_html)
        self.assertFalse(self._stored())
        self.assertFalse(self.env["iaas.usage.quarantine"].search([]))
        usage_import.action_import()
        self.assertEqual(usage_import.accepted_count, 4)

    def test_another_file_must_be_checked_again(self):
        usage_import = self._make(self.NATIVE)
        usage_import.action_check()
        usage_import.file = base64.b64encode(b"id\n")
        self.assertEqual(usage_import.state, "draft")
        self.assertFalse(usage_import.line_ids)

    def test_a_declined_file_stores_nothing(self):
        usage_import = self._make(self.NATIVE)
        usage_import.action_check()
        usage_import.action_decline()
        with self.assertRaisesRegex(UserError, "declined"):
            usage_import.action_import()
        self.assertFalse(self._stored())
        self.assertEqual(self._import(self.NATIVE).accepted_count, 1)

    def test_the_preview_knows_the_same_file(self):
        self._import(self.NATIVE)
        with self.assertRaisesRegex(UserError, "very file was imported"):
            self._make(self.NATIVE).action_check()

    def test_facts_are_not_set_by_hand(self):
        for name, value in (
            ("state", "done"),
            ("checksum", "x"),
            ("accepted_count", 5),
            ("preview_rows", [["<script>"]]),
            ("from_folder", "/etc"),
        ):
            with self.subTest(name=name), self.assertRaises(UserError):
                self._make(self.NATIVE, **{name: value})
        usage_import = self._make(self.NATIVE)
        for model, values in (
            ("iaas.usage.import.line", {"import_id": usage_import.id}),
            ("iaas.usage.mapping", {"name": "x", "source_id": self.source.id}),
            ("iaas.usage.alias", {"name": "x", "source_id": self.source.id}),
        ):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.billing_user).create(values)

    def test_an_error_file_is_valid_csv(self):
        usage_import = self._import(
            'id,type,subject,time,value,note\ne-1,traffic.gib,net-1,now,1,"a, ""b"""\n'
        )
        header, row = csv.reader(io.StringIO(self._rejects(usage_import)))
        self.assertEqual(len(header), len(row))
        self.assertEqual(row[-1], 'a, "b"')
