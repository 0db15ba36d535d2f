from odoo import models


class IaasBillingRun(models.Model):
    """Batches of a run as jobs: each bills contracts that no other process has, so any
    number of them, on any node, may work at once."""

    _inherit = "iaas.billing.run"

    def _go_on_in_background(self):
        """Give the run its jobs; those it has already are not doubled."""
        for run in self:
            for number in range(1, run.company_id.billing_job_count + 1):
                run._enqueue_job(number)

    def _enqueue_job(self, number):
        """Have the next batch billed by a job, the ``number``-th of the run."""
        self.with_delay(
            identity_key=f"iaas.billing.run-{self.id}-{number}",
            description=self.env._(
                "%(run)s, job %(number)s", run=self.display_name, number=number
            ),
        )._bill_as_job(number)

    def _bill_as_job(self, number):
        """Bill one batch and leave the rest to a job that follows.

        What a job finds locked another one bills; the last one ends the run.

        :return: what the job did, for its record
        """
        count = self._process_batch()
        if count:
            self._enqueue_job(number)
        return self.env._("%(count)s statements", count=count)
