def migrate(cr, version):
    """Drop the indexes of before; keys and daily sums come with 19.0.1.3.0."""
    cr.execute(
        """
        DROP INDEX IF EXISTS iaas_usage_event_unique, iaas_usage_event_key,
                             iaas_usage_event_id
        """
    )
