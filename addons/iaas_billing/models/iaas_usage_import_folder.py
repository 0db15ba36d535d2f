import base64

from odoo import api, models

from ..metering import Refused


class IaasUsageImport(models.Model):
    _inherit = "iaas.usage.import"

    def _find_mapping(self):
        """The first mapping of the source whose columns the file has; none for our
        template, for FOCUS and for what can't be read."""
        if self._is_lines():
            return self.env["iaas.usage.mapping"]
        try:
            names = set(self._open_table().names)
        except Refused:
            return self.env["iaas.usage.mapping"]
        return self.source_id.mapping_ids.filtered(
            lambda mapping: mapping._fits(names)
        )[:1]

    @api.model
    def _make_failed(self, source, name, content, message, folder=False):
        """Keep what could not be imported, with its reason, for the responsible."""
        usage_import = self.create(
            {
                "name": name,
                "file": base64.b64encode(content) or False,
                "source_id": source.id,
                "from_folder": folder,
                "state": "failed",
                "failure": message,
            }
        )
        usage_import._remind(message)

    def _remind(self, message):
        owner = self.env["iaas.usage.quarantine"]._get_owner(
            self.source_id, self.company_id
        )
        if owner:
            self.activity_schedule(
                "iaas_billing.mail_activity_type_usage_file",
                user_id=owner.id,
                note=message,
            )
