"""Cuts a large CSV file into chunks that PostgreSQL can read by itself.

Millions of lines are too many to look at one by one in Python. A chunk keeps the bytes
as they came, and tells the lines that a COPY would stumble over, or would read other
than ``read_csv``, apart from the regular ones.
"""

import re
from functools import cached_property

from .events import Refused
from .formats import CSV_REMARKS, Entry, read_csv_header, read_csv_line

#: Whatever ``str.strip`` takes away from the ends of a cell.
SPACES = (
    "".join(
        map(
            chr,
            [*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)],
        )
    )
    + "\u2028\u2029\u202f\u205f\u3000"
)
_MAX_LINE = 1024 * 1024
# Spaces but the line feed; what is not ASCII may be another one.
_MAY_BE_STRIPPED = bytes({*range(9, 14), *range(28, 33)} - {10})
_NO_SEPARATOR = bytes(set(range(256)) - set(b",\n"))


class CsvChunk:
    """Whole lines of a file, the first of which is line ``first``."""

    def __init__(self, data, first, columns):
        self.first = first
        self.data = data
        self.columns = columns

    @cached_property
    def lines(self):
        """All lines as bytes, without their ends."""
        return [line.rstrip(b"\r") for line in self.data.split(b"\n")]

    @property
    def size(self):
        """The number of lines, blank ones included."""
        return self.data.count(b"\n")

    @cached_property
    def is_plain(self):
        """Whether the whole of it can be read as it stands: no quotes, no odd bytes,
        as many commas in each line as there should be."""
        data = self.data
        if b'"' in data or b"\r" in data or b"\0" in data or not _is_text(data):
            return False
        separators = data.translate(None, _NO_SEPARATOR)
        return separators == (b"," * (self.columns - 1) + b"\n") * self.size

    @cached_property
    def needs_strip(self):
        """Whether a cell may begin or end with a space."""
        data = self.data
        return not data.isascii() or any(space in data for space in _MAY_BE_STRIPPED)

    @cached_property
    def _is_regular(self):
        cell = rb'(?:[^",\r\x00]*|"(?:[^"\r\x00]|"")*")'
        pattern = re.compile(cell + b"(?:," + cell + b"){%d}" % (self.columns - 1))
        return pattern.fullmatch

    def copy_data(self):
        """The bytes for COPY: as many lines, but empty cells in place of a line that
        it would not read like ``read_csv``."""
        if self.is_plain:
            return self.data
        empty = b"," * (self.columns - 1)
        lines = [
            line if self._is_regular(line) and _is_text(line) else empty
            for line in self.lines[:-1]
        ]
        return b"".join(line + b"\n" for line in lines)

    def entry(self, position, header, source, meters):
        """The entry of a line, as ``read_csv`` gives it; None for a blank line."""
        line = self.lines[position - self.first]
        try:
            raw = line.decode()
        except UnicodeDecodeError as error:
            refusal = Refused(
                "malformed_event", f"not UTF-8 text: wrong byte at offset {error.start}"
            )
            return Entry(position, line.decode(errors="replace"), None, refusal)
        if not raw.strip(" ,"):
            return None
        return read_csv_line(header, position, raw, source, meters)


def read_csv_chunks(stream, size):
    """Return the header of a binary stream and an iterator of its ``CsvChunk``.

    :param size: bytes to hold at a time
    :raise Refused: malformed_event, for a wrong header, or for a line without end
    """
    line = stream.readline(_MAX_LINE)
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Refused("malformed_event", "the header is not UTF-8 text") from error
    header = read_csv_header(text)
    columns = len(header.names) + len(CSV_REMARKS) * header.remarks
    return header, _chunks(stream, size, columns)


def _chunks(stream, size, columns):
    first, rest = 2, b""
    while True:
        read = stream.read(size)
        data = rest + read
        end = data.rfind(b"\n") + 1
        if not read:
            if data:
                yield CsvChunk(data + b"\n", first, columns)
            return
        rest = data[end:]
        if len(rest) > _MAX_LINE:
            raise Refused(
                "malformed_event",
                f"a line after line {first} is longer than {_MAX_LINE} bytes",
            )
        if end:
            chunk = CsvChunk(data[:end], first, columns)
            yield chunk
            first += chunk.size


def _is_text(data):
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
