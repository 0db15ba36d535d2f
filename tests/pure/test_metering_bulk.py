"""Bodies and files of any content: read or refused, and no event lost."""

import csv
import gzip
import io
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metering import (
    MEDIA_TYPES,
    REASONS,
    Bucket,
    Meter,
    Refused,
    TooLarge,
    inflate,
    read_body,
    read_csv,
    read_csv_chunks,
    read_event,
)
from metering.bulk import SPACES

METERS = {"vm.hours": Meter(1, "sum"), "users": Meter(2, "count_unique", "user")}
HEADER = "id,type,subject,time,value,region"
LINE = "e-1,vm.hours,res-1,2026-03-01T00:00:00Z,1.50,eu"
LIMIT = 10_000

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner)
    ),
    max_leaves=12,
)
almost_events = st.fixed_dictionaries(
    {"specversion": st.just("1.0")},
    optional={
        "id": st.text(max_size=5) | json_values,
        "source": st.just("collector") | json_values,
        "type": st.sampled_from(list(METERS)) | json_values,
        "subject": st.just("res-1") | json_values,
        "time": st.just("2026-03-01T00:00:00Z") | st.text(max_size=30) | json_values,
        "data": st.dictionaries(st.sampled_from(["value", "user"]), json_values),
    },
)


class TestBodies:
    @given(st.binary(max_size=300), st.sampled_from(MEDIA_TYPES))
    def test_any_bytes_are_read_or_refused(self, content, media_type):
        try:
            entries = read_body(content, media_type)
        except Refused as refused:
            assert refused.reason in REASONS
        else:
            self._read_all(entries)

    @given(st.lists(almost_events | json_values, max_size=8))
    def test_every_event_is_read_or_refused_at_its_place(self, events):
        batch = read_body(
            json.dumps(events).encode(), "application/cloudevents-batch+json"
        )
        lines = "\n".join(map(json.dumps, events)).encode()
        ndjson = read_body(lines, "application/x-ndjson")
        for entries in (batch, ndjson):
            assert [entry.position for entry in entries] == list(range(len(events)))
            self._read_all(entries)

    def _read_all(self, entries):
        """Each becomes a row that can be stored, or is refused with its reason."""
        for entry in entries:
            try:
                if entry.refusal:
                    raise entry.refusal
                row = read_event(entry.event, entry.position, METERS)
            except Refused as refused:
                assert refused.reason in REASONS
                assert refused.detail
            else:
                assert row.position == entry.position
                assert row.value >= 0
                for text in (row.event_id, row.subject, row.dimensions or ""):
                    assert "\x00" not in text
                    text.encode()


class TestInflate:
    @given(st.lists(st.binary(max_size=3000), max_size=4), st.integers(0, 9))
    def test_members_come_back_as_one(self, parts, level):
        content = b"".join(gzip.compress(part, level) for part in parts)
        whole = b"".join(parts)
        if len(whole) > LIMIT:
            with pytest.raises(TooLarge):
                inflate(content, LIMIT)
        else:
            assert inflate(content, LIMIT) == whole

    @given(st.binary(max_size=200))
    def test_any_bytes(self, content):
        try:
            inflate(content, LIMIT)
        except Refused as refused:
            assert refused.reason == "malformed_event"

    def test_the_limit_is_exact(self):
        packed = gzip.compress(b"x" * LIMIT)
        assert len(inflate(packed, LIMIT)) == LIMIT
        with pytest.raises(TooLarge):
            inflate(packed, LIMIT - 1)

    def test_a_bomb_is_not_unpacked(self):
        bomb = zlib.compressobj(9, wbits=31)
        content = b"".join(bomb.compress(bytes(1 << 20)) for _mebibyte in range(200))
        with pytest.raises(TooLarge):
            inflate(content + bomb.flush(), LIMIT)

    @given(st.binary(min_size=1, max_size=2000), st.data())
    def test_what_is_cut_off_is_refused(self, content, data):
        packed = gzip.compress(content)
        cut = data.draw(st.integers(1, len(packed) - 1))
        with pytest.raises(Refused):
            inflate(packed[:cut], LIMIT)


class TestBucket:
    def test_a_large_batch_is_paid_for_by_waiting(self):
        bucket = Bucket.full(60, now=100)
        assert bucket.wait(100) == 0
        bucket.take(180)
        assert bucket.wait(100) == 121
        assert bucket.wait(221) == 0
        bucket.take(1)
        assert bucket.wait(221) == 1

    @given(
        st.lists(
            st.tuples(st.integers(0, 90), st.integers(1, 200)), min_size=1, max_size=40
        )
    )
    def test_never_more_than_a_minute_s_allowance_and_one_batch_ahead(self, sends):
        bucket, now, taken, largest = Bucket.full(60, 0), 0, 0, 0
        for pause, amount in sends:
            now += pause
            seconds = bucket.wait(now)
            if not seconds:
                bucket.take(amount)
                taken += amount
                largest = max(largest, amount)
            else:
                assert bucket.wait(now + seconds) == 0
                now += seconds
        assert taken <= 60 + now + largest


def chunks_of(content, size):
    header, chunks = read_csv_chunks(io.BytesIO(content), size)
    return header, list(chunks)


cells = st.sampled_from(
    ["a", " a", '"a"', '"a""b"', '"a,b"', 'a"b', '"', "", "é", "\r", "\x00", "\\."]
)
odd_lines = st.lists(cells, max_size=8).map(",".join) | st.just(LINE)


class TestChunks:
    def test_spaces_are_those_that_python_strips(self):
        everything = map(chr, range(0x110000))
        assert set(SPACES) == {char for char in everything if char.isspace()}

    @given(st.lists(odd_lines, max_size=12), st.integers(1, 200), st.booleans())
    def test_read_as_read_csv_reads(self, lines, size, ends):
        """What COPY gets are the cells that read_csv sees, or an empty line; and what
        is an empty line then is read the slow way."""
        text = "\n".join([HEADER, *lines]) + "\n" * ends
        expected = {
            entry.position: entry for entry in read_csv(text, "collector", METERS)
        }
        header, chunks = chunks_of(text.encode(), size)
        found = {}
        position = 2
        for chunk in chunks:
            assert chunk.first == position
            copied = chunk.copy_data().decode().split("\n")[:-1]
            assert len(copied) == chunk.size
            for line in copied:
                entry = chunk.entry(position, header, "collector", METERS)
                if entry:
                    found[position] = entry
                if line.strip(","):
                    (row,) = csv.reader([line], strict=True)
                    event = expected[position].event
                    assert event["id"] == row[0].strip()
                    assert event["data"].get("region", "") == row[5].strip()
                    if not chunk.needs_strip:
                        assert row[0] == row[0].strip()
                position += 1
        assert [tuple(found[p][:3]) for p in sorted(found)] == [
            tuple(expected[p][:3]) for p in sorted(expected)
        ]

    @given(st.binary(max_size=300), st.integers(1, 100))
    def test_any_bytes(self, junk, size):
        content = HEADER.encode() + b"\n" + junk + b"\n" + LINE.encode()
        header, chunks = chunks_of(content, size)
        last = chunks[-1]
        entries = [
            chunk.entry(chunk.first + n, header, "collector", METERS)
            for chunk in chunks
            for n in range(chunk.size)
        ]
        written = [line for line in junk.split(b"\n") if line.strip(b" ,\r")]
        assert len([entry for entry in entries if entry]) == len(written) + 1
        assert entries[-1].raw == LINE
        assert last.copy_data().decode().endswith(f"{LINE}\n")
