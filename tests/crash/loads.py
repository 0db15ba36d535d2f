"""The loader of large files, killed by its own hand where an order says so."""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from unittest.mock import patch

from odoo.addons.iaas_billing.cli import iaas_load_usage as loader
from odoo.addons.iaas_billing.models import iaas_usage_load

#: Bytes that are loaded at a time, so that a file is many chunks.
CHUNK = 8 * 1024
WORKERS = 2


def load(env, path, source, step=None, call=1):
    """Load the file as the command does; kill a process at the ``call``-th ``step``:
    the first of the workers, or the one that reads the file."""
    source = env["iaas.usage.source"].search([("code", "=", source)])
    Event = env.registry["iaas.usage.event"]
    count = 0

    def die_at(original, owner_dies, before=False):
        def dying(*args, **kwargs):
            nonlocal count
            if not owner_dies(*args):
                return original(*args, **kwargs)
            count += 1
            if before and count == call:
                before(*args)
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*args, **kwargs)
            if count == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return dying

    def is_first(_event, _chunk, load, *_more):
        # What it has written of the refused lines so far is left behind.
        load.rejects.flush()
        return load.rejects.name.endswith(".0")

    if step == "stored":
        Event._load_chunk = die_at(Event._load_chunk, is_first)
    elif step == "committed":
        Event._load_chunk_safely = die_at(Event._load_chunk_safely, is_first)
    elif step == "waiting":
        # The lock of the queue dies with it.
        fork = os.getpid()
        queue = loader.multiprocessing.queues.Queue
        queue.get = die_at(
            queue.get,
            lambda *_args: os.getpid() != fork,
            before=lambda chunks: chunks._rlock.acquire(),
        )
    elif step == "reading":
        loader._hand_out = die_at(loader._hand_out, lambda *_args: True)
    command = loader.iaas_load_usage()
    path = Path(path)
    options = argparse.Namespace(
        file=path, rejects=path.with_name("rejects.csv"), workers=WORKERS
    )
    # The answers to the orders go to the standard output.
    with (
        patch.object(iaas_usage_load, "_CHUNK", CHUNK),
        contextlib.redirect_stdout(sys.stderr),
    ):
        command._load(env.cr.dbname, source.id, options)
