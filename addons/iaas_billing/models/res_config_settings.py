from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    iaas_statement_grace_days = fields.Integer(
        related="company_id.statement_grace_days", readonly=False
    )
    iaas_statement_review = fields.Boolean(
        related="company_id.statement_review", readonly=False
    )
    iaas_statement_confirmation = fields.Selection(
        related="company_id.statement_confirmation", readonly=False
    )
    iaas_statement_confirm_days = fields.Integer(
        related="company_id.statement_confirm_days", readonly=False
    )
    iaas_statement_due_days = fields.Integer(
        related="company_id.statement_due_days", readonly=False
    )
    iaas_statement_outlier_percent = fields.Integer(
        related="company_id.statement_outlier_percent", readonly=False
    )
    iaas_usage_retention_months = fields.Integer(
        string="Months of Usage Events",
        config_parameter="iaas_billing.usage_retention_months",
        help="How many whole months of events stay in the database; 0 keeps all.",
    )
    iaas_usage_retirement = fields.Selection(
        [("archive", "Move to a compressed file"), ("delete", "Delete")],
        string="Older Events",
        default="archive",
        config_parameter="iaas_billing.usage_retirement",
    )
    iaas_usage_archive_folder = fields.Char(
        string="Archive Folder",
        config_parameter="iaas_billing.usage_archive_folder",
        help="A folder of the server; empty: in Odoo's data directory.",
    )
    iaas_usage_events_per_minute = fields.Integer(
        string="Events a Minute",
        config_parameter="iaas_billing.usage_events_per_minute",
        default=3_000_000,
        help="What one API key may send to one server process.",
    )
    iaas_usage_requests_per_minute = fields.Integer(
        string="Requests a Minute",
        config_parameter="iaas_billing.usage_requests_per_minute",
        default=6_000,
        help="What one API key may send to one server process.",
    )
