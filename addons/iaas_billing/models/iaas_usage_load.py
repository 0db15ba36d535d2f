import csv
import io
from typing import NamedTuple

from psycopg2.errors import (
    DeadlockDetected,
    LockNotAvailable,
    SerializationFailure,
)

from odoo import api, models
from odoo.tools import SQL

from ..metering import (
    SPACES,
    Refused,
    csv_reject,
    csv_reject_header,
    read_csv_chunks,
    read_time,
)
from ..metering.formats import CSV_OPTIONAL, CSV_REMARKS, CSV_REQUIRED

_CHUNK = 24 * 1024 * 1024
_BLOCK = 1024 * 1024
_ATTEMPTS = 10
_MAX_TIMES = 1_000_000
_KNOWN = {*CSV_REQUIRED, *CSV_OPTIONAL}


class Loaded(NamedTuple):
    """What became of the lines of a file so far."""

    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


class _Load(NamedTuple):
    """What stays the same for all chunks of a file."""

    source: object
    header: object
    #: of types and subjects as the source has them
    names: tuple
    times: dict
    rejects: object
    before: dict


class IaasUsageEvent(models.Model):
    """Loading files of millions of lines, which PostgreSQL reads by itself.

    What it can't say to be good at a glance goes, line by line, the way of any other
    file. So a file means the same however it comes in.
    """

    _inherit = "iaas.usage.event"

    @api.model
    def _load_csv(self, stream, source, rejects, commit, report=None):
        """Store the events of a CSV file, a binary stream, by ``_load_chunks``.

        :raise Refused: when the header is wrong
        """
        header, chunks = self._get_chunks(stream)
        return self._load_chunks(header, chunks, source, rejects, commit, report)

    @staticmethod
    def _get_chunks(stream):
        """The header of a binary stream and the chunks that ``_load_chunks`` takes."""
        return read_csv_chunks(stream, _CHUNK)

    @api.model
    def _load_chunks(self, header, chunks, source, rejects, commit, report=None):
        """Store the events of a CSV file, in chunks that are committed one by one.

        Loading the same file again, or the rest of one that was broken off, changes
        nothing that is stored already. Processes may share the chunks of a file.

        :param chunks: iterable of ``metering.CsvChunk``
        :param rejects: text file that gets the refused lines, to be mended and loaded
        :param commit: called after each chunk
        :param report: called with ``Loaded`` after each chunk
        :rtype: Loaded
        """
        self = self.sudo()
        source = source.sudo()
        names = self._get_names(source)
        load = _Load(source, header, names, {}, rejects, {"duplicates": 0})
        self._create_load_tables(header)
        total = Loaded()
        for chunk in chunks:
            result = self._load_chunk_safely(chunk, load, commit)
            total = Loaded(*map(sum, zip(total, result, strict=True)))
            if report:
                report(total)
        self.env.cr.execute("DROP TABLE iaas_usage_load, iaas_usage_load_time")
        commit()
        return total

    def _load_chunk_safely(self, chunk, load, commit):
        """Load a chunk; where others stored events of the source meanwhile, again."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                result, refused = self._load_chunk(chunk, load)
                commit()
            except (SerializationFailure, DeadlockDetected, LockNotAvailable):
                if attempt == _ATTEMPTS:
                    raise
                self.env.cr.rollback()
                self.env.invalidate_all()
            else:
                break
        # Only now is it sure that they are written once.
        self._write_rejects(refused, load)
        return result

    def _create_load_tables(self, header):
        columns = [SQL.identifier(f"column_{n}") for n in range(_width(header))]
        self.env.cr.execute(
            SQL(
                """
                DROP TABLE IF EXISTS iaas_usage_load, iaas_usage_load_time;
                CREATE TEMPORARY TABLE iaas_usage_load (
                    line integer GENERATED ALWAYS AS IDENTITY (CACHE 10000), %s);
                CREATE TEMPORARY TABLE iaas_usage_load_time (
                    text text, time timestamp)
                """,
                SQL(", ").join(SQL("%s text", column) for column in columns),
            )
        )

    def _load_chunk(self, chunk, load):
        """Store the events of a chunk; return what became of its lines, and the
        refused ones."""
        self.env.cr.execute(
            """SET LOCAL work_mem = '256MB'; SET LOCAL jit = off;
               SET LOCAL default_statistics_target = 10"""
        )
        self._copy_chunk(chunk, load.header)
        self._read_times(load)
        self._begin_check()
        # Where a chunk was known already, so is the next: look it up at once.
        self._check(
            self._load_sql(chunk, load),
            SQL("staged.dimensions_hash"),
            compare=load.before["duplicates"],
        )
        entries = self._take_slow_lines(chunk, load)
        refusals = []
        if entries:
            self._stage(
                self._read_entries(
                    self._translate(entries.values(), load.names),
                    load.source,
                    refusals,
                    None,
                )
            )
            self._check_stage(load.source.company_id)
        counts = self._store_new()
        accepted, duplicates = counts.get("new", 0), counts.get("duplicate", 0)
        load.before["duplicates"] = duplicates
        if counts.keys() - {"new", "duplicate"}:
            refusals += self._read_stage_refusals()
        for refusal in refusals:
            if refusal.position not in entries:
                entries[refusal.position] = chunk.entry(
                    refusal.position, load.header, load.source.code, load.names[2]
                )
        refused = [
            (refusal.position, refusal.detail, entries[refusal.position].raw)
            for refusal in sorted(refusals, key=lambda refusal: refusal.position)
        ]
        lines = accepted + duplicates + len(refused)
        return Loaded(lines, accepted, duplicates, len(refused)), refused

    def _copy_chunk(self, chunk, header):
        columns = ", ".join(f"column_{n}" for n in range(_width(header)))
        self.env.cr.execute("TRUNCATE iaas_usage_load RESTART IDENTITY")
        self.env.cr.copy_expert(
            f"""COPY iaas_usage_load ({columns}) FROM STDIN
                WITH (FORMAT csv, FORCE_NOT_NULL ({columns}))""",
            io.BytesIO(chunk.copy_data()),
            _BLOCK,
        )

    def _read_times(self, load):
        """Read the times, of which many lines share each: by the rules of any event."""
        column = _column(load.header, "time")
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT %s FROM iaas_usage_load load", column)
        )
        if len(load.times) > _MAX_TIMES:
            load.times.clear()
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        for (text,) in rows:
            if text not in load.times:
                try:
                    load.times[text] = read_time(text).isoformat()
                except Refused:
                    load.times[text] = None
            if load.times[text]:
                writer.writerow((text, load.times[text]))
        buffer.seek(0)
        cr = self.env.cr
        cr.execute("TRUNCATE iaas_usage_load_time")
        cr.copy_expert("COPY iaas_usage_load_time FROM STDIN (FORMAT csv)", buffer)
        cr.execute("ANALYZE iaas_usage_load_time")

    def _load_sql(self, chunk, load):
        """The query of the chunk's rows, marked ``slow`` unless they are good."""
        self.env["iaas.resource"].flush_model(["external_ref", "company_id"])
        header = load.header
        id_, value, source = (
            _column(header, name) if name in header.names else SQL("''")
            for name in ("id", "value", "source")
        )
        dimensions = [name for name in header.names if name not in _KNOWN]
        # What a meter reads from a further column is read line by line.
        meters = [
            (code, meter.id, meter.aggregation == "count")
            for code, meter in self.env["iaas.meter"]._get_by_code().items()
            if meter.aggregation != "count_unique"
            and meter.value_property not in dimensions
        ]
        codes, ids, counts = zip(*meters, strict=True) if meters else ((), (), ())
        good = [
            SQL("line.resource_id IS NOT NULL AND line.meter_id IS NOT NULL"),
            SQL("line.time IS NOT NULL AND line.value IS NOT NULL"),
            SQL("line.event_id <> '' AND length(line.event_id) <= 512"),
        ]
        if "source" in header.names:
            good.append(SQL("line.source IN ('', %s)", load.source.code))
        if chunk.needs_strip:
            good.append(SQL("line.event_id = btrim(line.event_id, %s)", SPACES))
        combined, combined_hash, from_combined = self._load_dimensions(
            header, dimensions
        )
        # OFFSET 0: each expression is computed once, wherever it is used.
        return SQL(
            """
            SELECT line.*,
                   CASE WHEN %(good)s THEN NULL ELSE 'slow' END AS verdict
              FROM (
            SELECT load.line + %(first)s AS position, %(id)s AS event_id,
                   %(source_id)s AS source_id, %(source)s AS source,
                   meter.id AS meter_id, resource.id AS resource_id,
                   %(subject)s AS subject, load_time.time, TRUE AS time_given,
                   CASE WHEN meter.is_count THEN 1
                        WHEN %(number)s THEN (%(value)s)::numeric END AS value,
                   %(dimensions)s AS dimensions,
                   %(dimensions_hash)s AS dimensions_hash
              FROM iaas_usage_load load
              LEFT JOIN unnest(%(codes)s::text[], %(ids)s::int[], %(counts)s::bool[])
                     AS meter (code, id, is_count)
                ON meter.code = %(type)s
              LEFT JOIN iaas_resource resource
                ON resource.external_ref = %(subject)s
               AND resource.company_id = %(company)s
              LEFT JOIN iaas_usage_load_time load_time ON load_time.text = %(time)s
              %(from_combined)s
            OFFSET 0) line
            """,
            first=chunk.first - 1,
            id=id_,
            source_id=load.source.id,
            source=source,
            subject=_column(header, "subject"),
            number=_plain_number(value),
            value=value,
            dimensions=combined,
            dimensions_hash=combined_hash,
            good=SQL(" AND ").join(good),
            codes=list(codes),
            ids=list(ids),
            counts=list(counts),
            type=_column(header, "type"),
            company=load.source.company_id.id,
            time=_column(header, "time"),
            from_combined=from_combined,
        )

    def _load_dimensions(self, header, names):
        """The combinations of the further columns, each made JSON once.

        :return: the expressions of a row's dimensions and of their hash, and the join
            that they need
        """
        self.env.cr.execute("DROP TABLE IF EXISTS iaas_usage_load_dimensions")
        if not names:
            return SQL("NULL::jsonb"), SQL("NULL::bigint"), SQL()
        columns = [SQL.identifier(_column_name(header, name)) for name in names]
        pairs = [
            SQL("%s::text, NULLIF(btrim(%s, %s), '')", name, column, SPACES)
            for name, column in zip(names, columns, strict=True)
        ]
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE iaas_usage_load_dimensions ON COMMIT DROP AS
                SELECT built.*, jsonb_hash_extended(data, 0) AS hash
                  FROM (SELECT combined.*,
                               NULLIF(jsonb_strip_nulls(jsonb_build_object(%s)), '{}')
                                   AS data
                          FROM (SELECT DISTINCT %s FROM iaas_usage_load) combined
                       ) built;
                ANALYZE iaas_usage_load_dimensions
                """,
                SQL(", ").join(pairs),
                SQL(", ").join(columns),
            )
        )
        same = SQL(" AND ").join(
            SQL("combined.%s = load.%s", column, column) for column in columns
        )
        return (
            SQL("combined.data"),
            SQL("combined.hash"),
            SQL("LEFT JOIN iaas_usage_load_dimensions combined ON %s", same),
        )

    def _take_slow_lines(self, chunk, load):
        """Take the lines that are not good at a glance out of what was checked;
        return their entries by position."""
        self.env.cr.execute(
            "DELETE FROM iaas_usage_checked WHERE verdict = 'slow' RETURNING position"
        )
        positions = sorted(position for (position,) in self.env.cr.fetchall())
        entries = (
            chunk.entry(position, load.header, load.source.code, load.names[2])
            for position in positions
        )
        return {entry.position: entry for entry in entries if entry}

    def _write_rejects(self, refused, load):
        if refused and not load.rejects.tell():
            load.rejects.write(f"{csv_reject_header(load.header)}\n")
        load.rejects.writelines(
            f"{csv_reject(position, detail, raw)}\n"
            for position, detail, raw in refused
        )


def _width(header):
    return len(header.names) + len(CSV_REMARKS) * header.remarks


def _column_name(header, name):
    return f"column_{header.names.index(name) + len(CSV_REMARKS) * header.remarks}"


def _column(header, name):
    return SQL("load.%s", SQL.identifier(_column_name(header, name)))


def _plain_number(value):
    """Whether a text is nothing but digits and at most one point."""
    return SQL(
        "(translate(%s, '0123456789', '') IN ('', '.') AND length(%s) <= 30"
        " AND %s NOT IN ('', '.'))",
        value,
        value,
        value,
    )
