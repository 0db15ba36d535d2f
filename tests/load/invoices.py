"""Invoices: cpu seconds to create and post them, against two other ways.

Run by ``python3 -m tests.load --only invoices``; docs/performance.md has the figures.
"""

import argparse
import gc
import os
import time
from datetime import date

from demo.beside import FORK, leave_connections
from demo.session import environment

START = date(2026, 1, 1)
FAMILIES = 5
PRICE = 80


def cpu(function, *arguments):
    """Cpu seconds of this process that a call takes."""
    began = time.process_time()
    function(*arguments)
    return time.process_time() - began


class Company:
    """Accounts, taxes and a service of each of five families."""

    def __init__(self, env):
        self.env = env
        env["account.chart.template"].try_loading(
            "generic_coa", company=env.company, install_demo=False
        )
        self.tax = env["account.tax"].create(
            {"name": "Tax 9 %", "amount": 9, "type_tax_use": "sale"}
        )
        root = env.ref("iaas_contract.product_category_iaas")
        families = env["product.category"].search(
            [("parent_id", "=", root.id)], limit=FAMILIES
        )
        self.products = env["product.product"].create(
            [
                {
                    "name": f"Service {family.name}",
                    "type": "service",
                    "is_iaas": True,
                    "iaas_charge_kind": "recurring",
                    "categ_id": family.id,
                    "taxes_id": self.tax.ids,
                    "list_price": PRICE,
                }
                for family in families
            ]
        )
        env["iaas.price"].create(
            [
                {
                    "product_id": product.id,
                    "charge_model": "standard",
                    "unit_price": str(PRICE),
                    "date_start": date(2020, 1, 1),
                }
                for product in self.products
            ]
        )

    def customers(self, count, prefix):
        return self.env["res.partner"].create(
            [
                {
                    "name": f"{prefix} {number}",
                    "is_company": True,
                    "iaas_verification_state": "verified",
                }
                for number in range(count)
            ]
        )

    def lines(self, count):
        """So many services, of the five families in turn."""
        return [self.products[number % FAMILIES] for number in range(count)]

    # ------------------------------------------------------------------
    # Three ways to the same invoices
    # ------------------------------------------------------------------

    def ours(self, customers, lines):
        """Contracts whose January is rated and ready to be invoiced."""
        env = self.env
        contracts = env["iaas.contract"].create(
            [
                {
                    "title": "Load",
                    "partner_id": customer.id,
                    "date_start": START,
                    "date_end": date(2030, 12, 31),
                    "timezone": "UTC",
                    "state": "active",
                }
                for customer in customers
            ]
        )
        env["iaas.resource"].create(
            [
                {
                    "name": product.name,
                    "external_ref": f"{contract.id}-{number}",
                    "contract_id": contract.id,
                    "product_id": product.id,
                    "date_start": START,
                }
                for contract in contracts
                for number, product in enumerate(self.lines(lines))
            ]
        )
        return contracts

    def bill(self, contracts, day=date(2026, 1, 31)):
        """Bill with the run; cpu seconds in all, and those of create and post."""
        env = self.env
        spent = [0.0]
        Statement = env.registry["iaas.statement"]
        original = Statement._invoice

        def timed(statements, invoices):
            began = time.process_time()
            original(statements, invoices)
            env.flush_all()
            spent[0] += time.process_time() - began

        run = env["iaas.billing.run"].create(
            {"date": day, "contract_ids": contracts.ids}
        )
        run._collect_statements()
        run.state = "running"
        env.flush_all()
        Statement._invoice = timed
        try:
            whole = cpu(run._work, self._commit)
        finally:
            Statement._invoice = original
        assert run.posted_count == len(contracts), run.blocker_ids.mapped("reason")
        return whole, spent[0]

    def _commit(self, _done):
        self.env.cr.commit()
        return 1

    def plain(self, customers, lines):
        """One ``account.move`` after the other, created and posted."""
        for customer in customers:
            move = self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": customer.id,
                    "invoice_date": START,
                    "invoice_line_ids": [
                        (
                            *(0, 0),
                            {
                                "name": product.name,
                                "quantity": 1,
                                "price_unit": PRICE,
                                "tax_ids": [(6, 0, self.tax.ids)],
                            },
                        )
                        for product in self.lines(lines)
                    ],
                }
            )
            move.action_post()
            self.env.flush_all()

    def oca(self, customers, lines):
        """Contracts of the OCA's module, due in January."""
        return self.env["contract.contract"].create(
            [
                {
                    "name": customer.name,
                    "partner_id": customer.id,
                    "contract_line_ids": [
                        (
                            *(0, 0),
                            {
                                "product_id": product.id,
                                "name": product.name,
                                "quantity": 1,
                                "price_unit": PRICE,
                                "recurring_rule_type": "monthly",
                                "recurring_interval": 1,
                                "recurring_invoicing_type": "pre-paid",
                                "date_start": START,
                                "recurring_next_date": START,
                            },
                        )
                        for product in self.lines(lines)
                    ],
                }
                for customer in customers
            ]
        )

    def bill_oca(self, contracts):
        """As its cron makes the drafts, then posted together."""
        contracts.env["contract.contract"].cron_recurring_create_invoice(START)
        moves = self.env["account.move"].search(
            [("state", "=", "draft"), ("partner_id", "in", contracts.partner_id.ids)]
        )
        assert len(moves) == len(contracts)
        moves.action_post()
        self.env.flush_all()


def compare(env, sizes):
    """Print the cpu seconds of each way for (customers, lines each)."""
    company = Company(env)
    # What is loaded and cached once is no part of any way.
    for count, lines, shown in [(3, FAMILIES, False)] + [
        (*size, True) for size in sizes
    ]:
        done = {}
        for way in ("ours", "plain", "oca"):
            customers = company.customers(count, f"{way} {lines}")
            if way == "ours":
                contracts = company.ours(customers, lines)
                env.flush_all()
                env.cr.commit()
                done["ours, with rating"], done["ours"] = company.bill(contracts)
            elif way == "plain":
                done[way] = cpu(company.plain, customers, lines)
            else:
                contracts = company.oca(customers, lines)
                env.flush_all()
                done[way] = cpu(company.bill_oca, contracts)
            env.cr.commit()
            env.invalidate_all()
        if not shown:
            continue
        print(f"\n{count} customers x {lines} lines, cpu seconds")
        for way, seconds in done.items():
            ratio = seconds / done["ours"]
            print(f"  {way:20} {seconds:7.2f}   {ratio:5.1f} x", flush=True)


def flat(env, counts):
    """Print the memory of the process after so many invoices."""
    company = Company(env)
    for count in counts:
        contracts = company.ours(company.customers(count, f"flat {count}"), 5)
        env.flush_all()
        env.cr.commit()
        env.invalidate_all()
        gc.collect()
        _forget_peak()
        before = _memory("VmRSS")
        whole, invoiced = company.bill(contracts)
        print(
            f"{count:6} invoices: {whole:6.1f} cpu s, {invoiced:6.1f} of them to "
            f"create and post; memory {before} MB before, at most "
            f"{_memory('VmHWM')} MB",
            flush=True,
        )


def two_workers(env, count):
    """Print how much faster two processes bill than one, by the clock."""
    company = Company(env)
    seconds = {}
    for workers in (1, 2):
        contracts = company.ours(company.customers(count, f"{workers} workers"), 5)
        run = env["iaas.billing.run"].create(
            {"date": date(2026, 1, 31), "contract_ids": contracts.ids}
        )
        run._collect_statements()
        run.state = "running"
        env.flush_all()
        env.cr.commit()
        env.invalidate_all()
        began = time.monotonic()
        processes = [
            FORK.Process(target=_work, args=(env, run.id)) for _number in range(workers)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        seconds[workers] = time.monotonic() - began
        env.cr.rollback()
        env.invalidate_all()
        assert (run.state, run.posted_count) == ("done", count)
    print(
        f"{count} invoices: one process {seconds[1]:.1f} s, two {seconds[2]:.1f} s, "
        f"{seconds[1] / seconds[2]:.2f} x"
    )


def _work(env, run_id):
    leave_connections(env.cr)
    with env.registry.cursor() as cr:
        run = env(cr=cr)["iaas.billing.run"].browse(run_id)
        process = type(run)._process_batch
        type(run)._process_batch = lambda run, limit=50: process(run, limit)
        run._work(lambda _done: cr.commit() or 1)


def _forget_peak():
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")


def _memory(name):
    """Megabytes of this process by one of the kernel's counts."""
    with open(f"/proc/{os.getpid()}/status") as status:
        for line in status:
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) // 1024
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["compare", "flat", "workers"])
    parser.add_argument("--database", required=True)
    parser.add_argument("--db-host")
    parser.add_argument("--addons-path")
    parser.add_argument("--scale", type=float, default=1)
    options = parser.parse_args()
    scale = options.scale
    with environment(options.database, options.db_host, options.addons_path) as env:
        if options.what == "compare":
            compare(env, [(int(200 * scale), 5), (int(40 * scale), 100)])
        elif options.what == "flat":
            flat(env, [int(1000 * scale), int(10000 * scale)])
        else:
            two_workers(env, int(1000 * scale))


if __name__ == "__main__":
    main()
