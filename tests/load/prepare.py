# Run in Odoo's shell: a source, meters, resources and a key for the load tests.
import uuid
from datetime import date
from pathlib import Path

env = env  # noqa: F821, PLW0127
env["iaas.usage.source"].create({"name": "Load", "code": "load"})
category = env.ref("iaas_contract.product_category_iaas_compute")
products = env["product.product"].create(
    [
        {
            "name": f"Load {number}",
            "type": "service",
            "is_iaas": True,
            "iaas_charge_kind": "usage",
            "categ_id": category.id,
        }
        for number in range(20)
    ]
)
env["iaas.meter"].create(
    [
        {"name": f"Load {n}", "code": f"load.{n}", "product_id": product.id}
        for n, product in enumerate(products)
    ]
)
partner = env["res.partner"].create({"name": "Load", "is_company": True})
contract = env["iaas.contract"].create(
    {"partner_id": partner.id, "date_start": date(2026, 1, 1)}
)
env["iaas.resource"].create(
    [
        {
            "name": f"Load {n}",
            "external_ref": str(uuid.uuid5(uuid.NAMESPACE_OID, f"load-{n}")),
            "contract_id": contract.id,
            "product_id": products[n % 20].id,
            "date_start": date(2026, 1, 1),
        }
        for n in range(1388)
    ]
)
admin = env.ref("base.user_admin")
keys = env["res.users.apikeys"].with_user(admin).sudo()
key_file = Path("/tmp/iaas-load-key")
key_file.unlink(missing_ok=True)
key_file.touch(mode=0o600)
key_file.write_text(keys._generate(None, "load", "2099-01-01 00:00:00"))
env["ir.config_parameter"].set_param(
    "iaas_billing.usage_events_per_minute", "100000000"
)
env["ir.config_parameter"].set_param(
    "iaas_billing.usage_requests_per_minute", "1000000"
)
env.cr.commit()
