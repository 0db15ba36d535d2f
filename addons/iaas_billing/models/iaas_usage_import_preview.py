from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from ..metering import Preview, storable

# Lines by resource that a person may still look through.
_MOST_LINES = 200


class IaasUsageImport(models.Model):
    _inherit = "iaas.usage.import"

    line_ids = fields.One2many(
        "iaas.usage.import.line", "import_id", readonly=True, copy=False
    )
    meter_line_ids = fields.One2many(
        "iaas.usage.import.line",
        "import_id",
        readonly=True,
        copy=False,
        domain=[("kind", "=", "meter")],
    )
    resource_line_ids = fields.One2many(
        "iaas.usage.import.line",
        "import_id",
        readonly=True,
        copy=False,
        domain=[("kind", "=", "resource")],
    )
    problem_line_ids = fields.One2many(
        "iaas.usage.import.line",
        "import_id",
        readonly=True,
        copy=False,
        domain=[("kind", "in", ["unknown", "refused"])],
    )
    preview_rows = fields.Json(readonly=True, copy=False)
    preview_html = fields.Html(
        string="First Lines", compute="_compute_preview_html", sanitize=False
    )
    preview_count = fields.Integer(string="Lines in the File", readonly=True)
    preview_problem_count = fields.Integer(string="To Look At", readonly=True)

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "line_ids",
            "meter_line_ids",
            "resource_line_ids",
            "problem_line_ids",
            "preview_rows",
            "preview_count",
            "preview_problem_count",
        }

    @api.depends("preview_rows")
    def _compute_preview_html(self):
        heads = (
            self.env._("Line"),
            self.env._("Time"),
            self.env._("Type"),
            self.env._("Resource"),
            self.env._("Data"),
            self.env._("Remark"),
        )
        for usage_import in self:
            if not usage_import.preview_rows:
                usage_import.preview_html = False
                continue
            # Cells are escaped by Markup: what stands in a file is never markup.
            head = Markup().join(Markup("<th>%s</th>") % text for text in heads)
            body = Markup().join(
                Markup("<tr>%s</tr>")
                % Markup().join(Markup("<td>%s</td>") % cell for cell in row)
                for row in usage_import.preview_rows
            )
            usage_import.preview_html = Markup(
                '<div class="table-responsive"><table class="table table-sm">'
                "<thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>"
            ) % (head, body)

    def action_check(self):
        """Read the whole file and show what it holds, before anything is stored."""
        for usage_import in self:
            usage_import._check_pending()
            usage_import._check_new()
            usage_import._reading(usage_import._check)

    def action_back(self):
        """Choose other columns or another source and check again."""
        for usage_import in self:
            usage_import._check_pending()
        self.sudo()._forget_preview()

    def _forget_preview(self):
        self.line_ids.unlink()
        self.write(
            {
                "state": "draft",
                "preview_rows": False,
                "preview_count": 0,
                "preview_problem_count": 0,
            }
        )

    def _check(self):
        Event = self.env["iaas.usage.event"]
        names = Event._get_names(self.source_id)
        _types, _subjects, meters = names
        preview = Preview()
        for entry in Event._translate(self._read_entries(), names):
            preview.add(entry, meters)
        problems, lines = self._prepare_lines(preview)
        # Sums of the file are facts: users read them.
        usage_import = self.sudo()
        usage_import._forget_preview()
        usage_import.env["iaas.usage.import.line"].create(
            [{"import_id": self.id, **vals} for vals in lines]
        )
        usage_import.write(
            {
                "state": "checked",
                "preview_count": preview.received,
                "preview_problem_count": problems,
                "preview_rows": [
                    self._prepare_preview_row(*row) for row in preview.rows
                ],
            }
        )

    def _prepare_preview_row(self, position, event, detail):
        event = event if isinstance(event, dict) else {}
        data = event.get("data")
        cells = [
            position,
            *(event.get(name) or "" for name in ("time", "type", "subject")),
            ", ".join(f"{name}: {value}" for name, value in data.items())
            if isinstance(data, dict)
            else data or "",
            detail,
        ]
        return [storable(str(cell)) for cell in cells]

    def _prepare_lines(self, preview):
        """:return: (how many lines of the file are not taken as they are, values of
        the lines that show what it holds)"""
        resources = self._find_resources({subject for _, subject in preview.groups})
        meters, by_resource, unknown = {}, [], defaultdict(int)
        for (meter_id, subject), group in preview.groups.items():
            if subject not in resources:
                unknown[subject] += group.count
                continue
            by_resource.append((meter_id, subject, group))
            meters.setdefault(meter_id, []).append(group)
        lines = [
            {
                "kind": "meter",
                "label": self.env["iaas.meter"].browse(meter_id).code,
                "meter_id": meter_id,
                "event_count": sum(group.count for group in groups),
                "quantity": sum(group.quantity for group in groups),
                "date_first": self._whole(min(group.first for group in groups)),
                "date_last": self._whole(max(group.last for group in groups)),
            }
            for meter_id, groups in sorted(meters.items())
        ]
        by_resource.sort(key=lambda one: -one[2].count)
        lines += [
            {
                "kind": "resource",
                "label": subject,
                "meter_id": meter_id,
                "resource_id": resources[subject],
                "event_count": group.count,
                "quantity": group.quantity,
                "date_first": self._whole(group.first),
                "date_last": self._whole(group.last),
            }
            for meter_id, subject, group in by_resource[:_MOST_LINES]
        ]
        if rest := by_resource[_MOST_LINES:]:
            lines.append(
                {
                    "kind": "resource",
                    "label": self.env._("%(count)s others", count=len(rest)),
                    "event_count": sum(group.count for _, _, group in rest),
                }
            )
        problems = []
        for name, group in preview.unknown_types.items():
            label = self.env._("Unknown type %(name)s", name=name)
            problems.append(("unknown", label, group.count))
        for name, count in unknown.items():
            label = self.env._("Unknown resource %(name)s", name=name)
            problems.append(("unknown", label, count))
        reasons = dict(self.env["iaas.usage.reject"]._fields["reason"].selection)
        problems += [
            ("refused", reasons.get(reason, reason), count)
            for reason, count in preview.refused.items()
        ]
        problems.sort(key=lambda one: (one[0] == "refused", -one[2]))
        lines += [
            {"kind": kind, "label": storable(label), "event_count": count}
            for kind, label, count in problems[:_MOST_LINES]
        ]
        return sum(count for *_, count in problems), lines

    @staticmethod
    def _whole(moment):
        return moment.replace(microsecond=0)

    def _find_resources(self, subjects):
        """``{external reference: id}`` of the resources of the company."""
        self.env["iaas.resource"].flush_model(["external_ref", "company_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT external_ref, id FROM iaas_resource
                    WHERE company_id = %s AND external_ref = ANY(%s)""",
                self.company_id.id,
                list(subjects),
            )
        )
        return dict(rows)
