"""Files imported before the quarantine count what they held, too."""


def migrate(cr, version):
    cr.execute(
        """UPDATE iaas_usage_import
              SET received_count = COALESCE(accepted_count, 0)
                                 + COALESCE(duplicate_count, 0)
                                 + COALESCE(reject_count, 0)
            WHERE state IN ('done', 'rejects') AND COALESCE(received_count, 0) = 0"""
    )
