"""Run by `odoo shell` on a new template: make its copies complete and quick.

Attachments move into the database, so that a copy needs no file store, and asset
bundles are built, so that the first page of a copy does not build them.
"""

env["ir.config_parameter"].set_param("ir_attachment.location", "db")  # noqa: F821
env["ir.attachment"].force_storage()  # noqa: F821
env["ir.qweb"]._pregenerate_assets_bundles()  # noqa: F821
env.cr.commit()  # noqa: F821
