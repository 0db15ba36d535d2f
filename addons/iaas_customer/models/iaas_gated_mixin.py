from odoo import api, models
from odoo.exceptions import UserError


class IaasGatedMixin(models.AbstractModel):
    """Fields that only the actions of a record set.

    No user sets them by the client, an import, a default of the context or the API,
    whatever the rights on the record; the actions and server code do, as superuser.
    """

    _name = "iaas.gated.mixin"
    _description = "Gated fields"

    @api.model
    def _get_gated_fields(self):
        """Names of the gated fields. Addons add theirs."""
        return set()

    @api.model
    def _get_gated_message(self, labels):
        """What a user is told who tries to set the fields with these labels."""
        return self.env._(
            "These fields follow from the work done on the record and are not set by "
            "hand or by import: %(fields)s. Leave them out and use the buttons.",
            fields=labels,
        )

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.su:
            return super().create(vals_list)
        gated = self._get_gated_fields()
        context = {
            name: value
            for name, value in self.env.context.items()
            if name.removeprefix("default_") not in gated
        }
        # Keys are taken out, which keyword arguments can't do.
        model = self.with_context(context)  # pylint: disable=context-overridden
        neutral = model.default_get(list(gated))
        for vals in vals_list:
            model._refuse_gated(
                name
                for name in gated & vals.keys()
                if vals[name] and vals[name] != neutral.get(name)
            )
        records = super(IaasGatedMixin, model).create(vals_list)
        return records.with_env(self.env)

    def write(self, vals):
        if not self.env.su:
            gated = self._get_gated_fields() & vals.keys()
            for record in self if gated else ():
                self._refuse_gated(
                    name for name in gated if record._changes(name, vals[name])
                )
        return super().write(vals)

    def _changes(self, name, value):
        """Whether writing the value would change the field."""
        field = self._fields[name]
        old = field.convert_to_cache(self[name], self)
        return field.convert_to_cache(value, self) != old

    @api.model
    def _refuse_gated(self, names):
        labels = [
            self._fields[name]._description_string(self.env) for name in sorted(names)
        ]
        if labels:
            raise UserError(self._get_gated_message(", ".join(labels)))
