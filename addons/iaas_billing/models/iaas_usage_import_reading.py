import base64
import gzip
import io
import zlib
from datetime import timezone

from odoo import models

from ..metering import (
    MAX_UNPACKED,
    NATIVE,
    Refused,
    decode_text,
    is_focus,
    open_csv,
    open_xlsx,
    read_focus,
    read_ndjson,
    read_table,
    write_rejects,
)

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"


class IaasUsageImport(models.Model):
    _inherit = "iaas.usage.import"

    def _get_content(self):
        """The bytes of the file, unpacked.

        :raise Refused: when they can't be unpacked or are too many
        """
        content = base64.b64decode(self.file or b"")
        if not content.startswith(_GZIP):
            return content
        try:
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(MAX_UNPACKED + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise Refused(
                "malformed_event", f"not a whole gzip file: {error}"
            ) from error
        if len(content) > MAX_UNPACKED:
            raise Refused(
                "malformed_event",
                f"it unpacks to more than {MAX_UNPACKED // 1024**2} MB; split it",
            )
        return content

    def _is_lines(self):
        """Whether the file holds one JSON event on each line."""
        name = self.name.lower().removesuffix(".gz")
        return name.endswith((".ndjson", ".jsonl"))

    def _open_table(self):
        content = self._get_content()
        if content.startswith(_ZIP):
            return open_xlsx(content)
        return open_csv(decode_text(content))

    def _read_entries(self):
        """The ``metering.Entry`` of each line.

        :raise Refused: when the file as a whole can't be read
        """
        if self._is_lines():
            return read_ndjson(decode_text(self._get_content()))
        table = self._open_table()
        _types, _subjects, meters = self.env["iaas.usage.event"]._get_names(
            self.source_id
        )
        mapping, source = self.mapping_id, self.source_id.code
        if mapping.kind == "focus" or (not mapping and is_focus(table.names)):
            return read_focus(table, source, meters, mapping.type_column or "")
        layout = mapping._get_layout() if mapping else NATIVE
        if not mapping and self._is_sheet():
            # The cells of a sheet can't name a zone.
            layout = layout._replace(zone=timezone.utc)
        return read_table(table, layout, source, meters)

    def _is_sheet(self):
        return base64.b64decode(self.file or b"").startswith(_ZIP)

    def _makes_ids(self):
        """Whether the lines carry no ids of their own."""
        mapping = self.mapping_id
        if mapping.kind == "focus" or (mapping and not mapping.id_column):
            return True
        return not mapping and is_focus(self._open_table().names)

    def _write_rejects(self):
        """The file of refused lines, to be mended and imported."""
        if self._is_lines():
            return "".join(f"{line.raw}\n" for line in self.reject_ids)
        return write_rejects(
            self._open_table(),
            [
                (line.position, line.detail, line.raw, line.event_id or "")
                for line in self.reject_ids
            ],
            self._makes_ids(),
        )
