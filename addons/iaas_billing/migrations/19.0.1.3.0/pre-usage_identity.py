"""Events are known by shorter keys, and indexed when their month is over."""

from odoo.tools.sql import column_exists, table_exists


def migrate(cr, version):
    if table_exists(cr, "iaas_usage_archive"):
        cr.execute("SELECT COUNT(*) FROM iaas_usage_archive WHERE event_count > 0")
        if cr.fetchone()[0]:
            raise ValueError(
                "The usage events of archived months are known by keys that can't be "
                "made anew without them. Load the archive files into their months and "
                "delete the archives before you update."
            )
    cr.execute(
        """
        DROP INDEX IF EXISTS iaas_usage_event_resource, iaas_usage_event_id_range,
                             iaas_usage_event_received;
        DROP TABLE IF EXISTS iaas_usage_key
        """
    )
    if column_exists(cr, "iaas_usage_event", "event_key"):
        cr.execute(
            """
            ALTER TABLE iaas_usage_event DROP COLUMN event_key;
            ALTER TABLE iaas_usage_event ALTER COLUMN id SET CACHE 1000;
            ALTER TABLE iaas_usage_event
                ADD COLUMN summed boolean NOT NULL DEFAULT FALSE
            """
        )
    if table_exists(cr, "iaas_usage_daily"):
        cr.execute(
            """ALTER TABLE iaas_usage_daily
                 ADD COLUMN IF NOT EXISTS fingerprint numeric NOT NULL DEFAULT 0"""
        )
