from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Give the events their keys, and the days the fingerprints of their events."""
    cr.execute(
        """
        INSERT INTO iaas_usage_key (key_high, key_low, time, content)
        SELECT hashtextextended(event_id COLLATE "C", source_id::bigint) AS high,
               hashtextextended(event_id COLLATE "C", ~source_id::bigint), time,
               hash_numeric_extended(
                   value, ((meter_id::bigint << 32) | resource_id)
                          # COALESCE(jsonb_hash_extended(dimensions, 0), 0))
          FROM iaas_usage_event
         ORDER BY high
            ON CONFLICT DO NOTHING
        """
    )
    api.Environment(cr, SUPERUSER_ID, {})["iaas.usage.daily"]._derive()
