from odoo.fields import Command

from odoo.addons.iaas_contract.tests.common import IaasContractCommon


class IaasProcurementCommon(IaasContractCommon):
    """A pool of three live hosts that carries 588 vCPU and 1,766 GiB of RAM.

    One host brings 96 threads and 1,152 GiB, keeps 4 and 48 for itself and sells its
    vCPU four times: 368 vCPU and 1,104 GiB. One of the three is spare; 80 % of the
    rest may be sold. A virtual machine takes 4 vCPU and 16 GiB.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Any product may be rented: the pools are what is tested.
        cls.contract.catalogue_id = False
        cls.procurement_user = cls._iaas_user(
            "procurement_user", "iaas_procurement.group_iaas_procurement_user"
        )
        cls.procurement_manager = cls._iaas_user(
            "procurement_manager", "iaas_procurement.group_iaas_procurement_manager"
        )
        cls.category = cls.env["product.category"].create({"name": "Compute"})
        cls.vm = cls._pool_product("VM 4c16g", cls.category, vcpu=4, ram=16)
        cls.vendor = cls.env["res.partner"].create(
            {"name": "Helvetia Servers", "is_company": True}
        )
        cls.host_model = cls.env["product.product"].create(
            {
                "name": "2U server 96c",
                "type": "consu",
                "is_iaas_server": True,
                "purchase_ok": True,
                "supplier_taxes_id": False,
                "iaas_capacity_ids": cls._capacity(vcpu=96, ram=1152),
                "seller_ids": [
                    Command.create({"partner_id": cls.vendor.id, "price": 21000})
                ],
            }
        )
        cls.pool = cls.env["iaas.pool"].create(
            {
                "name": "Compute East",
                "code": "EAST",
                "product_categ_ids": cls.category.ids,
                "server_product_id": cls.host_model.id,
                "user_id": cls.procurement_user.id,
                "dim_ids": [
                    Command.create(
                        {"dimension": "vcpu", "overcommit": 4, "reserved": 4}
                    ),
                    Command.create({"dimension": "ram", "reserved": 48}),
                ],
            }
        )
        cls.vcpu, cls.ram = cls.pool.dim_ids
        cls.hosts = cls._hosts(3)

    @classmethod
    def _capacity(cls, **quantities):
        return [
            Command.create({"dimension": dimension, "quantity": quantity})
            for dimension, quantity in quantities.items()
        ]

    @classmethod
    def _pool_product(cls, name, category, **quantities):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "is_iaas": True,
                "categ_id": category.id,
                "iaas_capacity_ids": cls._capacity(**quantities),
            }
        )

    @classmethod
    def _hosts(cls, count, state="live", **values):
        return cls.env["iaas.host"].create(
            [
                {
                    "product_id": cls.host_model.id,
                    "pool_id": cls.pool.id,
                    "state": state,
                    **values,
                }
                for _number in range(count)
            ]
        )

    @classmethod
    def _sell(cls, quantity, product=None, **values):
        """Rent out `quantity` virtual machines from June 2026."""
        return cls.env["iaas.resource"].create(
            {
                "contract_id": cls.contract.id,
                "product_id": (product or cls.vm).id,
                "quantity": quantity,
                "date_start": "2026-06-01",
                **values,
            }
        )

    def _request(self, pool=None):
        """Press the button as a procurement user; return the request made."""
        pool = (pool or self.pool).with_user(self.procurement_user)
        return self.env["purchase.order"].browse(
            pool.action_request_quotation()["res_id"]
        )
