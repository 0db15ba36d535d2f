import io
from contextlib import closing
from random import Random
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from ..metering import read_csv, write_csv_rejects
from ..models import iaas_usage_load
from .test_usage_ingest import IaasUsageCommon

HEADER = "id,type,subject,time,value,region,zone"
LINE = "{id},{type},{subject},{time},{value},{region},{zone}"
# What a file may hold in each cell; most of it is good.
CELLS = {
    "id": ["e-{n}", "e-{n}", "e-{n}", "e-1", " e-{n} ", "\u00a0e-{n}", "", "é{n}",
           '"e,{n}"', '"a""{n}"', 'b"{n}', "x" * 513],
    "type": ["traffic.gib"] * 6 + ["calls", "users", "net", "nothing", " traffic.gib"],
    "subject": ["net-1"] * 6 + ["net-2", "net-1 ", "nothing", ""],
    "time": ["2026-06-01T00:00:00Z"] * 5
    + ["2026-06-01 09:00:00+09:00", "2026-06-30T23:59:59.9999999z", "2026-06-01",
       "2026-02-30T00:00:00Z", "2026-06-01T00:00:00", " 2026-06-02T00:00:00Z"],
    "value": ["1.5", "2", "0", "1.50", ".5", "5.", "1e3", "-1", "many", "", ".", " 7",
              "9" * 31, "9" * 30, "٣"],
    "region": ["tokyo", "tokyo", "", '"to""kyo"', " osaka ", "\\N", "\\"],
    "zone": ["", "a", "b"],
}  # fmt: skip


@tagged("post_install", "-at_install")
class TestUsageLoad(IaasUsageCommon):
    """Files of millions of lines mean what any file means (R46)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._iaas_resource(cls.traffic, external_ref="net-2")
        cls._iaas_meter(cls.server, "calls", "count")
        cls._iaas_meter(cls.disk, "users", "count_unique", value_property="user")
        cls._iaas_meter(cls.database, "net", "max", value_property="zone")

    def _load(self, text, chunk=10_000_000):
        rejects = io.StringIO()
        content = text if isinstance(text, bytes) else text.encode()
        reports = []
        with patch.object(iaas_usage_load, "_CHUNK", chunk):
            total = self.Event._load_csv(
                io.BytesIO(content),
                self.source,
                rejects,
                lambda: None,
                reports.append,
            )
        self.assertEqual(reports[-1:] or [total], [total])
        return total, rejects.getvalue()

    def _rows(self):
        return self.env.execute_query(
            SQL(
                """SELECT event_id, meter_id, resource_id, time, value::text,
                          dimensions
                     FROM iaas_usage_event WHERE source_id = %s
                    ORDER BY event_id""",
                self.source.id,
            )
        )

    def test_a_good_file_and_again(self):
        lines = [
            f"e-{n},traffic.gib,net-1,2026-06-{n % 28 + 1:02}T00:00:00Z,{n}.5,tokyo,"
            for n in range(500)
        ]
        text = "\n".join([HEADER, *lines, ""])
        self.assertEqual(self._load(text, 4096), ((500, 500, 0, 0), ""))
        rows = self._rows()
        self.assertEqual(rows[0][5], {"region": "tokyo"})
        self.assertEqual(self._load(text), ((500, 0, 500, 0), ""))
        self.assertEqual(self._load(text, 4096), ((500, 0, 500, 0), ""))
        self.assertEqual(self._rows(), rows)
        self.assertFalse(self.env["iaas.usage.daily"]._find_differences())

    def test_a_file_means_the_same_however_it_comes_in(self):
        random = Random(64)
        for round_number in range(6):
            lines = []
            for n in range(120):
                cells = {
                    name: random.choice(choices).replace("{n}", str(n))
                    for name, choices in CELLS.items()
                }
                line = LINE.format(**cells)
                if random.random() < 0.08:
                    line = random.choice(
                        ["", ",,,,,,", line + ",more", line[:9], '"' + line, line + '"',
                         line + "\r", "a\rb" + line, "\x00" + line]
                    )  # fmt: skip
                lines.append(line)
            text = "\n".join([HEADER, *lines])
            meters = self.env["iaas.meter"]._get_by_code()
            with closing(self.env.cr.savepoint()):
                entries = list(read_csv(text, "collector", meters))
                expected = self.Event._ingest(entries, self.source, partial=True)
                stored = self._rows()
                raw = {entry.position: entry.raw for entry in entries}
            self.Event.invalidate_model()
            by_position = {refusal.position: refusal for refusal in expected.refusals}
            rejects = write_csv_rejects(
                text,
                [(p, by_position[p].detail, raw[p]) for p in sorted(by_position)],
            )
            chunk = random.choice([512, 4096, 10**7])
            with closing(self.env.cr.savepoint()):
                total, found = self._load(text, chunk)
                self.assertEqual(self._rows(), stored, round_number)
                self.assertEqual(
                    total[1:],
                    (expected.accepted, expected.duplicates, len(expected.refusals)),
                )
                if chunk == 10**7:
                    self.assertEqual(found, rejects)
                self.assertFalse(self.env["iaas.usage.daily"]._find_differences())
                # The error file comes back: the same lines are refused again.
                if found:
                    again, _found = self._load(found)
                    self.assertEqual(again.accepted, 0)
                    self.assertEqual(again.lines, total.rejected)
            self.Event.invalidate_model()

    def test_bytes_that_are_no_text_cost_their_line(self):
        good = "e-1,traffic.gib,net-1,2026-06-01T00:00:00Z,1,,"
        text = b"\n".join([HEADER.encode(), b"\xff" + good.encode(), good.encode()])
        total, rejects = self._load(text)
        self.assertEqual(total, (2, 1, 0, 1))
        self.assertIn("not UTF-8", rejects)

    def test_mended_rejects(self):
        text = f"{HEADER}\ne-1,traffic.gib,net-1,2026-06-01T00:00:00Z,many,,\n"
        total, rejects = self._load(text)
        self.assertEqual(total, (1, 0, 0, 1))
        self.assertEqual(self._load(rejects.replace("many", "3"))[0], (1, 1, 0, 0))

    def test_a_wrong_header_loads_nothing(self):
        for text in ("", "a,b\n1,2\n", b"\xff\n"):
            with self.assertRaises(ValueError):
                self._load(text)

    def test_a_line_without_end(self):
        with self.assertRaisesRegex(ValueError, "longer than"):
            self._load(HEADER + "\n" + "x" * 3_000_000, 65536)
