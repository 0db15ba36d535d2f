def uninstall_hook(env):
    """Drop the partitioned table, which Odoo can't tell is a model's."""
    env.cr.execute("DROP TABLE iaas_usage_event")
