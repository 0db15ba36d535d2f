"""Processes that bill or load: ``python -m tests.crash.worker --database D``.

Makes contracts, then reads one line of JSON after the other: a list of orders, each for
a process of its own, forked so that Odoo is loaded once. ``{"day", "step", "call"}``
bills, ``{"path", "source", "step", "call"}`` loads a file of usage. A process with a
step is killed by its own hand, without any clean-up, right after it. Answers each line
with the exit codes; the tests around it look at what is left.
"""

import argparse
import json
import os
import sys
from datetime import date

from demo.beside import FORK, leave_connections
from demo.session import environment

#: Statements per transaction, so that a run takes several.
BATCH = 5
#: After which call the process dies: model and method.
STEPS = {
    "collected": ("iaas.billing.run", "_collect_statements"),
    "claimed": ("iaas.billing.run", "_claim_statements"),
    "rated": ("iaas.statement", "_store_lines"),
    "prepared": ("iaas.statement", "_prepare_invoice"),
    "invoice": ("account.move", "create"),
    "invoices posted": ("account.move", "_post"),
    "posted": ("iaas.statement", "_post"),
}


def bill(env, day, step=None, call=1):
    """Bill until ``day``; die right after the ``call``-th call of ``step``."""
    Run = env.registry["iaas.billing.run"]
    process = Run._process_batch
    Run._process_batch = lambda run, limit=BATCH: process(run, limit)
    commits = 0

    def commit(_done):
        nonlocal commits
        env.cr.commit()
        commits += 1
        if step == "committed" and commits == call:
            os._exit(9)
        return 1

    if step in STEPS:
        _die_after(env, *STEPS[step], call)
    runs = env["iaas.billing.run"]
    run = runs.search([("date", "=", day), ("state", "=", "running")], limit=1)
    if not run:
        run = runs.create({"date": day})
        run._collect_statements()
        run.state = "running"
        commit(0)
    run._work(commit)


def _die_after(env, model, method, call):
    owner = env.registry[model]
    original = getattr(owner, method)
    calls = 0

    def dying(self, *args, **kwargs):
        nonlocal calls
        result = original(self, *args, **kwargs)
        calls += 1
        if calls == call:
            # What would be flushed at the end is in the database, uncommitted.
            self.env.flush_all()
            os._exit(9)
        return result

    setattr(owner, method, dying)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--db-host")
    parser.add_argument("--addons-path")
    options = parser.parse_args()
    with environment(options.database, options.db_host, options.addons_path) as env:
        # The addons can be imported only now that Odoo knows where they are.
        from .company import make  # noqa: PLC0415

        make(env)
        env.cr.commit()
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            workers = [
                FORK.Process(target=_obey, args=(env, order))
                for order in json.loads(line)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            exit_codes = [worker.exitcode for worker in workers]
            print(json.dumps(exit_codes), flush=True)


def _obey(env, order):
    leave_connections(env.cr)
    with env.registry.cursor() as cr:
        env = env(cr=cr)
        if "path" in order:
            # The addons can be imported only now that Odoo knows where they are.
            from .loads import load  # noqa: PLC0415

            load(env, **order)
        else:
            bill(env, **order | {"day": date.fromisoformat(order["day"])})


if __name__ == "__main__":
    main()
