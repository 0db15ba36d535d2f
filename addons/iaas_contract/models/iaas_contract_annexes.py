from odoo import fields, models


class IaasContract(models.Model):
    """The annexes of a contract, as they are in force or as they are to be signed."""

    _inherit = "iaas.contract"

    annex_ids = fields.One2many(
        "iaas.contract.annex", "contract_id", string="Annexes", copy=True
    )

    def action_check_integrity(self):
        """The annexes of all versions, and the documents."""
        self.check_access("read")
        annexes = self.annex_ids | self.version_ids.annex_ids
        if annexes._check_integrity():
            return annexes.action_check_integrity()
        return super().action_check_integrity()

    def _portal_annexes(self):
        """What the customer is shown as in force, or to be signed now."""
        self.ensure_one()
        contract = self.sudo()
        return contract.version_id.annex_ids or contract.annex_ids
