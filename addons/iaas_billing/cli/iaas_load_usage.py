import gzip
import heapq
import logging
import multiprocessing
import multiprocessing.connection
import os
import queue
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import SUPERUSER_ID, api, sql_db
from odoo.cli.command import Command
from odoo.modules.registry import Registry
from odoo.tools import config

_logger = logging.getLogger(__name__)


class iaas_load_usage(Command):  # noqa: N801  Odoo wants the module's name
    """Load a CSV file of usage events, plain or gzip, of any size.

    The columns are those of docs/api/events.md. Good lines are stored, refused ones
    are written to an error file with their reason: mend them and load that file.
    Loading a file again, or after it was broken off, changes nothing that is stored.
    """

    def run(self, cmdargs):
        self.parser.add_argument("file", type=Path, help="the CSV file, or .gz of it")
        self.parser.add_argument(
            "--source", required=True, help="code of the usage source it comes from"
        )
        self.parser.add_argument("--company", type=int, help="id of the company")
        self.parser.add_argument(
            "--rejects",
            type=Path,
            help="where refused lines go (default: rejects-FILE.csv beside the file)",
        )
        self.parser.add_argument(
            "--workers",
            type=int,
            default=min(2, os.cpu_count() or 1),
            help="processes that share the work (default: %(default)s)",
        )
        self.parser.add_argument("-d", "--database", help="the database")
        self.parser.add_argument("-c", "--config", help="Odoo's configuration file")
        options, others = self.parser.parse_known_args(cmdargs)
        if options.config:
            others += ["-c", options.config]
        if options.database:
            others += ["-d", options.database]
        config.parse_config(
            [*others, "--no-http", "--max-cron-threads=0"], setup_logging=True
        )
        databases = config["db_name"]
        if len(databases) != 1:
            self.parser.error("name one database: -d NAME")
        if not options.file.is_file():
            self.parser.error(f"there is no file {options.file}")
        with Registry(databases[0]).cursor() as cr:
            source = self._find_source(api.Environment(cr, SUPERUSER_ID, {}), options)
        self._load(databases[0], source.id, options)

    def _find_source(self, env, options):
        domain = [("code", "=", options.source)]
        if options.company:
            domain.append(("company_id", "=", options.company))
        source = env["iaas.usage.source"].search(domain)
        if len(source) != 1:
            self.parser.error(
                f"{len(source)} active usage sources have the code {options.source!r}"
                + (": name the --company" if source else "")
            )
        # Says when it last sent events, too.
        source._serialise()
        return source

    def _load(self, database, source_id, options):
        name = options.file.name.removesuffix(".gz").removesuffix(".csv")
        rejects = options.rejects or options.file.with_name(f"rejects-{name}.csv")
        started = time.monotonic()
        # Each process opens connections of its own.
        sql_db.close_db(database)
        parts = [
            rejects.with_name(f"{rejects.name}.{part}")
            for part in range(max(options.workers, 1))
        ]
        totals = _share(database, source_id, options.file, parts)
        _merge_rejects(parts, rejects)
        if reasons := sorted({total for total in totals if isinstance(total, str)}):
            sys.exit(
                f"{options.file} was not loaded to its end: {'; '.join(reasons)}. Load "
                "the whole file again: what is stored already is not stored twice."
            )
        lines, accepted, duplicates, rejected = map(sum, zip(*totals, strict=True))
        sys.stdout.write(
            f"{lines} lines in {time.monotonic() - started:.1f} s: {accepted} stored, "
            f"{duplicates} known already, {rejected} refused"
            + (f" (see {rejects})\n" if rejected else "\n")
        )
        if rejected:
            sys.exit(2)


def _share(database, source_id, path, parts):
    """Read the file here and have processes load its chunks, one for each of the
    ``parts``, the files of refused lines.

    :return: what came of each: ``Loaded`` as a tuple, or the reason it broke off
    """
    fork = multiprocessing.get_context("fork")
    results, failures = fork.SimpleQueue(), []
    # The next chunk is read while they load.
    chunks = fork.Queue(len(parts))
    # What nobody takes any more is not waited for.
    chunks.cancel_join_thread()
    workers = []
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        try:
            with opened(path, "rb") as stream:
                events = Registry(database)["iaas.usage.event"]
                header, read = events._get_chunks(stream)
                workers = [
                    fork.Process(
                        target=_work,
                        args=(database, source_id, header, chunks, part, results),
                    )
                    for part in parts
                ]
                for worker in workers:
                    worker.start()
                for chunk in read:
                    if not _hand_out(chunk, chunks, workers):
                        break
        except Exception as error:
            _logger.debug("reading %s", path, exc_info=True)
            if not workers:
                sys.exit(f"{path}: nothing was loaded: {error}")
            # They go on: what is whole is stored, once.
            failures = [str(error)]
        for _worker in workers:
            _hand_out(None, chunks, workers)
        _wait(workers)
    finally:
        # Whoever interrupts the command ends them, too.
        _end(workers)
    totals = []
    while not results.empty():
        totals.append(results.get())
    if len(totals) < len(workers):
        failures.append("a process was killed")
    return totals + failures


def _wait(workers):
    """Wait until the workers have ended; where one was killed, end the others: it may
    hold what they wait for."""
    while running := [worker.sentinel for worker in workers if worker.is_alive()]:
        if any(worker.exitcode for worker in workers):
            _end(workers)
        multiprocessing.connection.wait(running)


def _end(workers):
    for worker in workers:
        if worker.is_alive():
            worker.terminate()


def _hand_out(chunk, chunks, workers):
    """Wait for one of the workers to take the chunk; where one was killed, end all:
    it may hold what the others wait for.

    :return: whether they go on
    """
    while any(worker.is_alive() for worker in workers):
        if any(worker.exitcode for worker in workers):
            break
        try:
            chunks.put(chunk, timeout=1)
        except queue.Full:
            continue
        return True
    _end(workers)
    return False


def _end_with(process):
    """End this process when the other one has ended."""
    process.join()
    os._exit(1)


def _work(database, source_id, header, chunks, rejects, results):
    """Load chunks of the file, in a process of its own."""
    # Where the reading process is killed, nobody would hand out anything any more.
    parent = multiprocessing.parent_process()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        with (
            Registry(database).cursor() as cr,
            rejects.open("w", encoding="utf-8", newline="") as rejected,
        ):
            # What another process has stored is seen at once, as it must be.
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            # What a crash of the server takes away, loading the file again brings;
            # when the loader says that it is stored, it is (see below).
            cr.execute("SET temp_buffers = '256MB'; SET synchronous_commit = off")
            env = api.Environment(cr, SUPERUSER_ID, {})
            source = env["iaas.usage.source"].browse(source_id)
            total = env["iaas.usage.event"]._load_chunks(
                header,
                iter(chunks.get, None),
                source,
                rejected,
                cr.commit,
                _report,
            )
            # This commit waits for all before it to be on disk.
            cr.execute("SET synchronous_commit = on")
            source._serialise()
        results.put(tuple(total))
    except Exception as error:
        # The other processes go on: what is whole is stored, once.
        _logger.debug("load of %s", rejects, exc_info=True)
        results.put(str(error))


def _report(total):
    _logger.info("%s lines: %s stored, %s known already, %s refused", *total)


def _whole_lines(file):
    """Its lines; the last one is left out where a killed process has not ended it."""
    return (line for line in file if line.endswith("\n"))


def _merge_rejects(parts, rejects):
    """Bring the refused lines back into the order of the file."""
    with ExitStack() as stack:
        files = [
            _whole_lines(stack.enter_context(path.open(encoding="utf-8", newline="\n")))
            for path in parts
            if path.exists()
        ]
        headers = {header for header in (next(file, "") for file in files) if header}
        if headers:
            target = stack.enter_context(
                rejects.open("w", encoding="utf-8", newline="")
            )
            target.writelines(headers)
            target.writelines(
                heapq.merge(*files, key=lambda line: int(line.split(",", 1)[0]))
            )
        else:
            rejects.unlink(missing_ok=True)
    for path in parts:
        path.unlink(missing_ok=True)
