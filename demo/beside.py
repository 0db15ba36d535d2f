"""Work in a process of its own, so that the demo uses two cores."""

import time
from multiprocessing import get_context

from odoo import sql_db

FORK = get_context("fork")


class Beside:
    """Calls ``function(env, *arguments)`` in a fork and commits what it has done."""

    def __init__(self, env, label, function, arguments):
        self.label = label
        self._receiver, sender = FORK.Pipe(duplex=False)
        work = (env, function, arguments, sender)
        # A daemon ends with the process that started it.
        self._process = FORK.Process(target=_work, args=work, daemon=True)
        self._process.start()
        sender.close()

    def wait(self):
        """Return the seconds that it took and what the function returned."""
        try:
            outcome = self._receiver.recv()
        except EOFError:
            raise SystemExit(f"{self.label} failed, beside the above.") from None
        self._process.join()
        return outcome


def _work(env, function, arguments, sender):
    began = time.monotonic()
    leave_connections(env.cr)
    with env.registry.cursor() as cr:
        result = function(env(cr=cr), *arguments)
    sender.send((time.monotonic() - began, result))


def leave_connections(cr):
    """In a fork: the connections belong to the parent; whoever uses its cursor is
    stopped."""
    sql_db._Pool._connections.clear()
    cr._closed = True
    del cr._obj
