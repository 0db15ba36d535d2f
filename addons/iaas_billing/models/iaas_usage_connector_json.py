from urllib.parse import urljoin

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..metering import Paths, pick, read_json
from ..metering.tables import identity


class IaasUsageConnector(models.Model):
    """Any endpoint that answers a list of usage as JSON."""

    _inherit = "iaas.usage.connector"

    json_items = fields.Char(
        string="List Under",
        default="data",
        help="Where the list stands in the answer: data, result.items, or $ for the "
        "answer itself.",
    )
    json_id = fields.Char(
        string="Identity Under",
        help="Empty: known by type, resource, time and dimensions.",
    )
    json_type = fields.Char(string="Type Under", help="Where an item names its type.")
    json_meter_id = fields.Many2one(
        "iaas.meter", string="Meter of All Items", ondelete="restrict"
    )
    json_subject = fields.Char(string="Resource Under", default="resource")
    json_time = fields.Char(
        string="Time Under", default="time", help="ISO 8601, or seconds since 1970."
    )
    json_value = fields.Char(string="Quantity Under", default="value")
    json_dimensions = fields.Text(
        string="Dimensions", help="One on each line: region = metadata.region"
    )
    json_begin = fields.Char(
        string="Parameter of the Start", default="begin", help="Sent as ISO 8601, UTC."
    )
    json_end = fields.Char(string="Parameter of the End", default="end")
    json_paging = fields.Selection(
        [
            ("none", "All at once"),
            ("page", "Page number"),
            ("offset", "Offset"),
            ("cursor", "Cursor in the answer"),
            ("next", "Address of the next page in the answer"),
        ],
        string="Pages",
        required=True,
        default="none",
    )
    json_page_param = fields.Char(string="Page Parameter", default="page")
    json_size_param = fields.Char(string="Size Parameter")
    json_next = fields.Char(
        string="Next Under", help="Where the answer has the next cursor or address."
    )

    @api.constrains(
        "kind",
        "json_type",
        "json_meter_id",
        "json_paging",
        "json_next",
        "json_page_param",
        "json_dimensions",
    )
    def _check_json(self):
        for connector in self.filtered(lambda one: one.kind == "json"):
            if bool(connector.json_type) == bool(connector.json_meter_id):
                raise ValidationError(
                    self.env._(
                        "Say either where an item names its type or the meter of all "
                        "items."
                    )
                )
            if connector.json_paging in ("cursor", "next") and not connector.json_next:
                raise ValidationError(
                    self.env._("Say where the answer has the next page.")
                )
            if (
                connector.json_paging in ("page", "offset", "cursor")
                and not connector.json_page_param
            ):
                raise ValidationError(self.env._("Name the parameter of the page."))
            connector._get_json_dimensions()

    def _get_json_dimensions(self):
        pairs = []
        for line in (self.json_dimensions or "").splitlines():
            if line.strip():
                name, _sign, path = (part.strip() for part in line.partition("="))
                if not name:
                    raise ValidationError(
                        self.env._(
                            "Write dimensions as name = path: %(line)s", line=line
                        )
                    )
                pairs.append((name, path or name))
        return tuple(pairs)

    def _fetch_json(self, start, end, cursor, dry):
        cursor = cursor or {}
        url, params = self.url, {}
        if "url" in cursor:
            url = cursor["url"]
        else:
            if self.json_begin:
                params[self.json_begin] = f"{start.isoformat()}Z"
            if self.json_end:
                params[self.json_end] = f"{end.isoformat()}Z"
            if self.json_size_param:
                params[self.json_size_param] = self.page_size
            if self.json_paging in ("page", "offset"):
                first = 1 if self.json_paging == "page" else 0
                params[self.json_page_param] = cursor.get("at", first)
            elif "at" in cursor:
                params[self.json_page_param] = cursor["at"]
        document = self._get_json(url, params)
        _types, _subjects, meters = self.env["iaas.usage.event"]._get_names(
            self.source_id
        )
        paths = Paths(
            self.json_items or "$",
            self.json_subject or "",
            self.json_time or "",
            self.json_value or "",
            self.json_type or "",
            self.json_id or "",
            self.json_meter_id.code or "",
            self._get_json_dimensions(),
        )
        events = read_json(document, self.source_id.code, paths, meters)
        return events, self._get_json_cursor(document, url, params, events, cursor)

    def _get_json_cursor(self, document, url, params, events, cursor):
        """Where the next page is; None after the last one."""
        if self.json_paging in ("page", "offset"):
            if not events:
                return None
            at = params[self.json_page_param]
            # A system that takes no notice of the parameter would be asked for ever.
            seen = identity("page", events)
            if cursor.get("seen") == seen:
                raise UserError(
                    self.env._("The next page is the same again: %(page)s", page=at)
                )
            at += 1 if self.json_paging == "page" else len(events)
            return {"at": at, "seen": seen}
        if self.json_paging in ("cursor", "next"):
            found = pick(document, self.json_next)
            if found in (None, "", False):
                return None
            if self.json_paging == "cursor":
                after = {"at": str(found)}
            else:
                after = {"url": urljoin(url, str(found))}
                if self._get_origin(after["url"]) != self._get_origin(self.url):
                    # It would be sent the credentials.
                    raise UserError(
                        self.env._(
                            "The next page is on another host: %(url)s",
                            url=after["url"],
                        )
                    )
            if {name: cursor.get(name) for name in after} == after:
                raise UserError(
                    self.env._("The next page is the same again: %(page)s", page=found)
                )
            return after
        return None
