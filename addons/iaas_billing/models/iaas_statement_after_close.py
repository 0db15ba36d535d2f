from contextlib import closing

from odoo import fields, models
from odoo.exceptions import UserError


class IaasStatement(models.Model):
    """What usage after the close would make of the statement."""

    _inherit = "iaas.statement"

    after_close_ids = fields.One2many("iaas.after.close", "statement_id")

    def _try_correction(self):
        """What correcting the statements would come to; nothing is kept.

        :return: ``{statement: {"amount", "usage_hash", "obstacle"}}``
        """
        outcomes, correctable = {}, self.browse()
        for statement in self:
            try:
                statement._check_correctable()
            except UserError as error:
                outcomes[statement] = self._make_outcome(None, str(error))
            else:
                correctable += statement
        if not correctable:
            return outcomes
        with closing(self.env.cr.savepoint()):
            correctable._drop_open_corrections()
            trial = self.create(
                [
                    statement._prepare_correction("usage", "trial")
                    | {"name": statement.name}
                    for statement in correctable
                ]
            )
            problems = trial._rate()
            for correction in trial:
                outcomes[correction.correction_of_id] = self._make_outcome(
                    correction, problems.get(correction)
                )
        return outcomes

    def _make_outcome(self, correction, obstacle):
        return {
            "amount": 0 if obstacle else correction.amount_untaxed,
            "usage_hash": correction.usage_hash if correction else False,
            "obstacle": obstacle or False,
        }

    def _post(self):
        result = super()._post()
        for correction in self.filtered(lambda one: one.correction_kind == "usage"):
            correction.correction_of_id.after_close_ids.filtered(
                lambda item: item.state == "open"
            )._note_corrected(correction)
        return result
