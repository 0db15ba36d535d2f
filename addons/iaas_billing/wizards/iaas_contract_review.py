from odoo import api, fields, models

# From how many broken promises on nothing is served before it is paid.
_MANY_BROKEN = 2


class IaasContractReview(models.TransientModel):
    """The review sheet knows which promises to pay were broken (R38)."""

    _inherit = "iaas.contract.review"

    broken_promise_count = fields.Integer(
        string="Broken Promises",
        readonly=True,
        help="Promises to pay of the last 12 months that were not kept.",
    )
    broken_promise_amount = fields.Monetary(
        string="Amount of Broken Promises",
        currency_field="company_currency_id",
        readonly=True,
    )

    @api.model
    def _propose(self, contract, facts):
        yield from super()._propose(contract, facts)
        count = facts["broken_promise_count"]
        if not count:
            return
        values = {
            "count": count,
            "amount": contract.company_id.currency_id.format(
                facts["broken_promise_amount"]
            ),
        }
        if count >= _MANY_BROKEN:
            yield self.env._(
                "Prepaid, or fees due before the service: %(count)s promises to pay, "
                "%(amount)s together, were broken in 12 months.",
                **values,
            )
        elif contract.cycle == "month":
            yield self.env._(
                "A deposit: a promise to pay %(amount)s was broken in 12 months.",
                **values,
            )
        else:
            yield self.env._(
                "Monthly settlement: a promise to pay %(amount)s was broken in 12 "
                "months.",
                **values,
            )
