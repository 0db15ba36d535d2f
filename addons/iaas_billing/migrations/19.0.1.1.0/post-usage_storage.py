from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Give the events of before their keys and daily sums."""
    cr.execute(
        """
        DROP INDEX IF EXISTS iaas_usage_event_unique, iaas_usage_event_key,
                             iaas_usage_event_id;
        INSERT INTO iaas_usage_key (event_key, source_id, time, content)
        SELECT event_key, source_id, time,
               hash_numeric_extended(
                   value, ((meter_id::bigint << 32) | resource_id)
                          # COALESCE(jsonb_hash_extended(dimensions, 0), 0))
          FROM iaas_usage_event
            ON CONFLICT DO NOTHING
        """
    )
    api.Environment(cr, SUPERUSER_ID, {})["iaas.usage.daily"]._derive()
