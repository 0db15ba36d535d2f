from odoo import api, models
from odoo.exceptions import UserError


class IaasUsageEvidenceMixin(models.AbstractModel):
    """Read-only models over what is written by SQL as usage comes in."""

    _name = "iaas.usage.evidence.mixin"
    _description = "Usage That Nobody Writes"

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise UserError(self._get_refusal())

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self._get_refusal())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self._get_refusal())

    @api.model
    def _get_refusal(self):
        """What somebody is told who tries to write."""
        return self.env._("This is evidence: it is never changed or deleted.")
