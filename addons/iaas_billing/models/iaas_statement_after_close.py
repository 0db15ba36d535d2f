from contextlib import closing

from odoo import api, fields, models
from odoo.exceptions import UserError


class IaasStatement(models.Model):
    """What usage after the close would make of the statement."""

    _inherit = "iaas.statement"

    after_close_ids = fields.One2many("iaas.after.close", "statement_id")
    after_close_count = fields.Integer(
        string="Usage After Close", compute="_compute_after_close_count"
    )

    @api.depends("after_close_ids")
    def _compute_after_close_count(self):
        counts = dict(
            self.env["iaas.after.close"]
            .sudo()
            ._read_group(
                [("statement_id", "in", self.ids)], ["statement_id"], ["__count"]
            )
        )
        for statement in self:
            statement.after_close_count = counts.get(statement, 0)

    def action_view_after_close(self):
        """Open what came in after it was posted."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_after_close_action"
        )
        action |= {"domain": [("statement_id", "=", self.id)], "context": {}}
        if len(self.after_close_ids) == 1:
            action |= {"res_id": self.after_close_ids.id, "views": [(False, "form")]}
        return action

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
