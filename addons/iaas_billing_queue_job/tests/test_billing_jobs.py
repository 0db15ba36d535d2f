from datetime import date
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.iaas_billing.tests.common import IaasBillingCommon
from odoo.addons.queue_job.tests.common import trap_jobs


@tagged("post_install", "-at_install")
class TestBillingJobs(IaasBillingCommon):
    """Issue 4: a billing run spread by queue_job, with no double work."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.billing_job_count = 2
        cls.contracts = cls.contract
        for _number in range(4):
            cls.contracts += cls._iaas_contract(
                cls.customer, state="active", date_start=date(2026, 1, 1)
            )
        for contract in cls.contracts:
            cls._iaas_resource(cls.server, contract)
        Run = cls.env.registry["iaas.billing.run"]
        process = Run._process_batch
        # Two statements a batch, so that a run needs several.
        cls.startClassPatcher(
            patch.object(
                Run, "_process_batch", lambda run, limit=2: process(run, limit)
            )
        )

    def _make_run(self):
        return self.env["iaas.billing.run"].create(
            {"date": date(2026, 1, 31), "contract_ids": self.contracts.ids}
        )

    def test_rest_of_the_run_becomes_jobs(self):
        run = self._make_run()
        with trap_jobs() as trap:
            run.with_user(self.billing_user).action_start()
            self.assertEqual((run.state, run.posted_count), ("running", 2))
            trap.assert_jobs_count(2, only=run._bill_as_job)
            self.assertEqual(
                {job.channel or "root.iaas_billing" for job in trap.enqueued_jobs},
                {"root.iaas_billing"},
            )
            trap.perform_enqueued_jobs()
        self.assertEqual((run.state, run.posted_count), ("done", 5))
        self.assertEqual(len(run.statement_ids.move_id), 5)

    def test_each_job_is_followed_by_one(self):
        run = self._make_run()
        with trap_jobs() as trap:
            run.action_start()
            trap.perform_enqueued_jobs()
            # Two of the three left, the last one, and what each of them leaves behind.
            self.assertEqual(run.posted_count, 5)
            run._bill_as_job(1)
        self.assertEqual(len(run.statement_ids), 5)

    def test_started_twice_has_its_jobs_once(self):
        run = self._make_run()
        Run = self.env.registry["iaas.billing.run"]
        before = self.env["queue.job"].search([])
        with patch.object(Run, "_process_batch", lambda run, limit=2: 0):
            run.action_start()
            run.action_start()
        jobs = self.env["queue.job"].search([]) - before
        self.assertEqual(len(jobs), 2)
        self.assertEqual(set(jobs.mapped("channel")), {"root.iaas_billing"})
        self.assertEqual(len(set(jobs.mapped("identity_key"))), 2)

    def test_small_run_needs_no_job(self):
        run = self.env["iaas.billing.run"].create(
            {"date": date(2026, 1, 31), "contract_ids": self.contract.ids}
        )
        with trap_jobs() as trap:
            run.action_start()
            trap.assert_jobs_count(0)
        self.assertEqual(run.state, "done")
