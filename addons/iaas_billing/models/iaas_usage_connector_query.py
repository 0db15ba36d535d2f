from odoo import api, fields, models

from ..metering import Series


class IaasUsageConnectorQuery(models.Model):
    """A query of Prometheus whose samples are the events of a meter."""

    _name = "iaas.usage.connector.query"
    _description = "Prometheus Query"
    _order = "connector_id, id"
    _rec_name = "promql"

    connector_id = fields.Many2one(
        "iaas.usage.connector", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="connector_id.company_id", store=True, index=True, precompute=True
    )
    promql = fields.Char(
        string="Query",
        required=True,
        help='PromQL, e.g. sum by (vm) (increase(vm_tx_bytes[1h])) or vm_up{az="a"}',
    )
    meter_id = fields.Many2one(
        "iaas.meter", required=True, index=True, ondelete="restrict"
    )
    subject_label = fields.Char(
        string="Resource Label",
        required=True,
        default="resource",
        help="The label that names the resource.",
    )
    step_seconds = fields.Integer(string="Step (Seconds)", required=True, default=3600)
    covers_step = fields.Boolean(
        string="Looks Back",
        compute="_compute_from_meter",
        store=True,
        readonly=False,
        precompute=True,
        help="A sample tells of the step that ends with it, as increase() does, and is "
        "dated at the beginning of that step. Off for levels, which hold at their "
        "instant.",
    )
    ends_at_zero = fields.Boolean(
        string="Ends at Zero",
        compute="_compute_from_meter",
        store=True,
        readonly=False,
        precompute=True,
        help="When a series ends, its level is zero from then on; else a deleted "
        "server's level would be billed for ever.",
    )
    alive = fields.Json(readonly=True, copy=False)

    _step_positive = models.Constraint(
        "CHECK (step_seconds BETWEEN 10 AND 86400)",
        "The step is 10 seconds to one day.",
    )

    @api.depends("meter_id")
    def _compute_from_meter(self):
        for query in self:
            kind = query.meter_id.aggregation
            query.covers_step = kind == "sum"
            query.ends_at_zero = kind == "time_weighted"

    def write(self, vals):
        if vals.get("promql") or vals.get("subject_label"):
            # Other series: those of the old query did not end, they are not asked for.
            vals = {"alive": False, **vals}
        return super().write(vals)

    def _get_series(self):
        return Series(
            self.meter_id.code,
            self.subject_label,
            self.step_seconds,
            self.covers_step,
            self.ends_at_zero,
        )
