def uninstall_hook(env):
    """Drop the tables that Odoo can't tell are a model's."""
    env.cr.execute("DROP TABLE iaas_usage_event, iaas_usage_key, iaas_usage_daily")
