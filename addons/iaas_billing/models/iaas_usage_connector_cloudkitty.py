from odoo import fields, models

from ..metering import read_cloudkitty

# What CloudKitty says, as 404, of a time without usage.
_NOTHING = b"No resource found"


class IaasUsageConnector(models.Model):
    """CloudKitty: rated dataframes, of which the quantities are taken."""

    _inherit = "iaas.usage.connector"

    subject_path = fields.Char(
        string="Point Names Resource Under",
        default="groupby.id",
        help="Where a point of CloudKitty names its resource: groupby.id, "
        "metadata.name, groupby.project_id.",
    )
    filters = fields.Char(
        help="Filters of CloudKitty, e.g. project_id:4f2a…,region:tokyo"
    )
    page_size = fields.Integer(required=True, default=1000)

    _page_size_positive = models.Constraint(
        "CHECK (page_size BETWEEN 1 AND 10000)", "A page has 1 to 10,000 items."
    )

    def _fetch_cloudkitty(self, start, end, cursor, dry):
        offset = cursor["offset"] if cursor else 0
        params = {
            "begin": f"{start.isoformat()}+00:00",
            "end": f"{end.isoformat()}+00:00",
            "limit": self.page_size,
            "offset": offset,
        }
        if self.filters:
            params["filters"] = self.filters
        url = f"{self.url.rstrip('/').removesuffix('/v2')}/v2/dataframes"
        document = self._get_json(url, params, empty=_NOTHING)
        if document is None:
            return [], None
        _types, _subjects, meters = self.env["iaas.usage.event"]._get_names(
            self.source_id
        )
        events, total = read_cloudkitty(
            document, self.source_id.code, self.subject_path or "groupby.id", meters
        )
        offset += len(events)
        more = events and (
            offset < total if total is not None else len(events) >= self.page_size
        )
        return events, {"offset": offset} if more else None
