import base64
import io
from datetime import date

from odoo import Command
from odoo.tools.pdf import PdfFileWriter

from odoo.addons.iaas_customer.tests.common import IaasCustomerCommon


class IaasContractCommon(IaasCustomerCommon):
    """Products of each charge kind with list prices, a catalogue without the
    database, and an active contract of the customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.categ_cloud = cls.env["product.category"].create({"name": "Cloud"})
        cls.categ_compute = cls._iaas_category("Compute", cls.categ_cloud)
        cls.categ_storage = cls._iaas_category("Storage", cls.categ_cloud)
        cls.server = cls._iaas_product("Server", cls.categ_compute, "80")
        cls.disk = cls._iaas_product(
            "Disk", cls.categ_storage, "0.05", iaas_resource_policy="per_line"
        )
        cls.traffic = cls._iaas_product(
            "Traffic",
            cls.categ_cloud,
            "0.085",
            iaas_charge_kind="usage",
            iaas_resource_policy="per_line",
        )
        cls.setup_fee = cls._iaas_product(
            "Onboarding",
            cls.categ_cloud,
            "500",
            iaas_charge_kind="one_time",
            iaas_resource_policy="per_line",
        )
        cls.database = cls._iaas_product("Database", cls.categ_cloud, "120")
        cls.catalogue = cls.env["iaas.catalogue"].create(
            {
                "name": "Standard services",
                "product_ids": [
                    Command.set(
                        (cls.server + cls.disk + cls.traffic + cls.setup_fee).ids
                    )
                ],
            }
        )
        cls.customer.sudo().iaas_verification_state = "verified"
        cls.contract = cls._iaas_contract(
            cls.customer, state="active", catalogue_id=cls.catalogue.id
        )

    @classmethod
    def _iaas_roles(cls):
        """``{role: a user of it}``, of everybody who may come near a contract."""
        return {
            "sales_user": cls.sales_user,
            "sales_manager": cls._iaas_user(
                "sales_manager", "sales_team.group_sale_manager"
            ),
            "ops_user": cls.ops_user,
            "ops_manager": cls.ops_manager,
            "solution_engineer": cls.solution_engineer,
            "auditor": cls.auditor,
            "accountant": cls._iaas_user("accountant", "account.group_account_manager"),
            "employee": cls._iaas_user("employee", "base.group_user"),
            "portal": cls._iaas_portal_user("portal", cls.customer),
        }

    @classmethod
    def _iaas_category(cls, name, parent):
        return cls.env["product.category"].create(
            {"name": name, "parent_id": parent.id}
        )

    @classmethod
    def _iaas_product(cls, name, category, list_price, **values):
        """Make an IaaS product with a standard list price since 2020."""
        product = cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "is_iaas": True,
                "iaas_charge_kind": "recurring",
                "iaas_resource_policy": "per_unit",
                "categ_id": category.id,
                "taxes_id": [],
                **values,
            }
        )
        cls._iaas_price(product, list_price)
        return product

    @classmethod
    def _iaas_price(cls, product, unit_price, **values):
        return cls.env["iaas.price"].create(
            {
                "product_id": product.id,
                "charge_model": "standard",
                "unit_price": unit_price,
                "date_start": date(2020, 1, 1),
                **values,
            }
        )

    @classmethod
    def _iaas_contract(cls, partner, **values):
        """Make a contract for the years 2025 to 2027, in UTC."""
        return cls.env["iaas.contract"].create(
            {
                "title": "Cloud services",
                "partner_id": partner.id,
                "date_start": date(2025, 1, 1),
                "date_end": date(2027, 12, 31),
                "timezone": "UTC",
                **values,
            }
        )

    @classmethod
    def _iaas_order(cls, contract, *lines, **values):
        """Make a quotation under the contract with (product, quantity) lines."""
        return cls.env["sale.order"].create(
            {
                "partner_id": (contract.partner_id or cls.customer).id,
                "iaas_contract_id": contract.id,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_uom_qty": quantity}
                    )
                    for product, quantity in lines
                ],
                **values,
            }
        )

    @classmethod
    def _iaas_pdf(cls, pages):
        """The bytes of a PDF file with that many empty pages, as a scan has them."""
        writer, stream = PdfFileWriter(), io.BytesIO()
        for _page in range(pages):
            writer.add_blank_page(width=595, height=842)
        writer.write(stream)
        return stream.getvalue()

    def _iaas_sign_on_paper(self, signed, **values):
        """Record the signature of a sent contract or an approved amendment."""
        action = signed.action_sign()
        wizard = (
            self.env[action["res_model"]]
            .with_user(signed.env.user)
            .with_context(**action["context"])
        )
        version = signed if signed._name != "iaas.contract" else signed.version_id
        document = version.sudo().document_ids[:1]
        scan = self._iaas_pdf(document.page_count)
        return wizard.create(
            {
                "signed_by": "Mei Tanaka",
                "scan": base64.b64encode(scan),
                "scan_name": "signed.pdf",
                "is_compared": True,
                "original_location": "Archive, shelf 12",
                **values,
            }
        ).action_sign()
