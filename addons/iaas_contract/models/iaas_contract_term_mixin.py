from odoo import api, models


class IaasContractTermMixin(models.AbstractModel):
    """Records that are part of what a contract says: whoever changes one of them
    changes its terms. Where it is one of its versions that says so, they are changed as
    long as that is open."""

    _name = "iaas.contract.term.mixin"
    _description = "Terms of a Contract"

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        terms = super().create(vals_list)
        terms._check_may_change()
        terms.contract_id._follow_terms()
        return terms

    def write(self, vals):
        if not self._are_terms(vals):
            return super().write(vals)
        contracts = self.contract_id
        self._check_may_change()
        result = super().write(vals)
        self._check_may_change()
        (contracts | self.contract_id)._follow_terms()
        return result

    def unlink(self):
        contracts = self.contract_id
        result = super().unlink()
        contracts.exists()._follow_terms()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_may_change(self):
        self._check_may_change()

    # === BUSINESS ===

    @api.model
    def _are_terms(self, vals):
        """Whether any of the values was agreed on. Models say which are not."""
        return True

    def _check_may_change(self):
        """Refuse a change of what was signed, but for an addendum."""
        self.contract_id._check_amendable()
        if "version_id" in self._fields:
            self.version_id._check_open()
            if not self.env.su:
                # Whoever changes the terms of an amendment does not approve it.
                self.version_id._note_writer()
