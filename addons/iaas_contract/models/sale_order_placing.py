import json
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, NamedTuple

from psycopg2.errors import UniqueViolation

from odoo import Command, api, fields, models
from odoo.exceptions import ConcurrencyError, UserError, ValidationError

from ..pricing import day_start

LINE_KEYS = {"product", "quantity", "resources", "dimensions"}


class Requested(NamedTuple):
    """A line that somebody wants to order."""

    product: Any
    quantity: Decimal
    references: list
    #: The ids of the price dimension values.
    dimensions: tuple = ()


class SaleOrder(models.Model):
    """Orders that another program places, each exactly once."""

    _inherit = "sale.order"

    iaas_external_ref = fields.Char(
        string="External Reference",
        readonly=True,
        copy=False,
        help="The reference under which another program placed this order. Placing it "
        "again changes nothing.",
    )
    iaas_request_digest = fields.Char(readonly=True, copy=False)

    _iaas_external_ref_unique = models.UniqueIndex(
        "(company_id, iaas_external_ref) WHERE iaas_external_ref IS NOT NULL",
        "Another order of this company was placed with this reference.",
    )

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "iaas_external_ref",
            "iaas_request_digest",
        }

    # === PUBLIC ===

    @api.model
    def iaas_place_order(
        self, external_ref, contract, lines, service_date=None, customer_ref=None
    ):
        """Place and confirm a call-off order, once per reference.

        Calling it again with the same content returns the order as it stands; other
        content under the same reference is refused. An order above the credit limit
        is kept as a quotation until finance releases it.

        :param str external_ref: the caller's reference, unique in the company
        :param str contract: number of the framework contract
        :param list lines: ``{"product": internal reference or id, "quantity": number
            or its text, "resources": references the resources shall have, "dimensions":
            ``{"region": "sg1"}``}``, the last two optional
        :param str service_date: first day of service as ``YYYY-MM-DD``, by default
            today in the contract's time zone
        :param str customer_ref: the customer's own order number
        :return: ``{"id", "name", "external_ref", "state", "held", "resources"}``;
            ``held`` says why the order waits for a release, else it is false
        """
        order = self._iaas_place(
            external_ref, contract, lines, service_date, customer_ref
        )
        return order._iaas_describe_placed()

    # === BUSINESS ===

    @api.model
    def _iaas_place(self, external_ref, contract, lines, service_date, customer_ref):
        """The order with the reference, placed now unless it already was."""
        self.check_access("create")
        if not isinstance(external_ref, str) or not external_ref.strip():
            raise ValidationError(
                self.env._("external_ref: give each order a reference of its own.")
            )
        contract = self._iaas_find_contract(contract)
        day = self._iaas_parse_day(service_date)
        requested = self._iaas_parse_lines(lines, contract)
        return self._iaas_place_once(
            external_ref, contract, requested, day, customer_ref
        )

    @api.model
    def _iaas_place_once(self, external_ref, contract, requested, day, customer_ref):
        digest = self._iaas_digest_request(contract, requested, day, customer_ref)
        order = self._iaas_find_placed(external_ref, contract.company_id)
        if not order:
            return self._iaas_place_new(
                external_ref, contract, requested, day, customer_ref, digest
            )
        order.check_access("read")
        if order.iaas_request_digest != digest:
            raise ValidationError(
                self.env._(
                    "external_ref: %(order)s was placed as %(ref)s with other content. "
                    "Use a new reference for a new order.",
                    order=order.name,
                    ref=external_ref,
                )
            )
        return order

    @api.model
    def _iaas_find_placed(self, external_ref, company):
        domain = [
            ("company_id", "=", company.id),
            ("iaas_external_ref", "=", external_ref),
        ]
        return self.sudo().search(domain).with_env(self.env)

    @api.model
    def _iaas_place_new(
        self, external_ref, contract, requested, day, customer_ref, digest
    ):
        self._iaas_check_references(requested, contract.company_id)
        values = self._iaas_prepare_placed(contract, requested, day) | {
            "client_order_ref": customer_ref or False,
        }
        try:
            with self.env.cr.savepoint():
                order = self.with_company(contract.company_id).create(values)
                # As superuser: no user gives an order a reference by hand.
                order.sudo().write(
                    {
                        "iaas_external_ref": external_ref,
                        "iaas_request_digest": digest,
                    }
                )
        except UniqueViolation as error:
            if error.diag.constraint_name != self._iaas_external_ref_unique.full_name(
                self
            ):
                raise
            # The same order came in at the same moment: retried, this call finds it.
            raise ConcurrencyError(
                f"Order {external_ref} is being placed by another call"
            ) from error
        order._iaas_confirm_placed()
        return order

    @api.model
    def _iaas_prepare_placed(self, contract, requested, day):
        """The values of a call-off order, whoever placed it."""
        return {
            "partner_id": contract.partner_id.id,
            "company_id": contract.company_id.id,
            "iaas_contract_id": contract.id,
            "commitment_date": day
            and day_start(day, contract.timezone).replace(tzinfo=None),
            "order_line": [
                Command.create(
                    {
                        "product_id": line.product.id,
                        "product_uom_id": line.product.uom_id.id,
                        "product_uom_qty": float(line.quantity),
                        "iaas_resource_refs": line.references or False,
                        "iaas_dimension_value_ids": [Command.set(line.dimensions)],
                    }
                )
                for line in (Requested(*line) for line in requested)
            ],
        }

    def _iaas_confirm_placed(self):
        self.action_confirm()

    def _iaas_describe_placed(self):
        """What the caller of ``iaas_place_order`` is told about the order."""
        self.ensure_one()
        return {
            "id": self.id,
            "name": self.name,
            "external_ref": self.iaas_external_ref,
            "state": self.state,
            "held": False,
            "resources": [
                {
                    "external_ref": resource.external_ref,
                    "product_id": resource.product_id.id,
                    "product": resource.product_id.default_code
                    or resource.product_id.name,
                    "quantity": f"{resource.quantity:f}",
                    "date_start": fields.Date.to_string(resource.date_start),
                }
                for resource in self.sudo().iaas_resource_ids.sorted("id")
            ],
        }

    # === TOOLS ===

    @api.model
    def _iaas_find_contract(self, number):
        found = self.env["iaas.contract"]
        if isinstance(number, str):
            found = found.search(
                [("name", "=", number), ("company_id", "in", self.env.companies.ids)]
            )
        if len(found) != 1:
            raise ValidationError(
                self.env._(
                    "contract: %(count)s framework contracts have the number "
                    "%(number)s.",
                    count=len(found),
                    number=number,
                )
            )
        return found

    @api.model
    def _iaas_parse_day(self, text):
        try:
            return fields.Date.to_date(text)
        except (TypeError, ValueError) as error:
            raise ValidationError(
                self.env._(
                    "service_date: %(text)s is not a day. Write it as YYYY-MM-DD.",
                    text=text,
                )
            ) from error

    @api.model
    def _iaas_parse_lines(self, lines, contract):
        """The ``Requested`` lines; all errors at once."""
        if not isinstance(lines, list) or not lines:
            raise ValidationError(
                self.env._("lines: an order needs a list with at least one line.")
            )
        requested, errors = [], []
        for number, line in enumerate(lines):
            try:
                requested.append(self._iaas_parse_line(line, contract))
            except UserError as error:
                errors.append(f"lines[{number}]: {error}")
        if errors:
            raise ValidationError("\n".join(errors))
        return requested

    @api.model
    def _iaas_check_references(self, requested, company):
        """The references for resources must be new, also among each other."""
        references = [ref for line in requested for ref in Requested(*line).references]
        taken = {ref for ref in references if references.count(ref) > 1}
        taken.update(
            self.env["iaas.resource"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [("company_id", "=", company.id), ("external_ref", "in", references)]
            )
            .mapped("external_ref")
        )
        if taken:
            raise ValidationError(
                self.env._(
                    "resources: these references are in use: %(references)s.",
                    references=", ".join(sorted(taken)),
                )
            )

    @api.model
    def _iaas_parse_line(self, line, contract):
        if not isinstance(line, dict) or not {"product", "quantity"} <= line.keys():
            raise ValidationError(
                self.env._("a line is an object with product and quantity.")
            )
        unknown = line.keys() - LINE_KEYS
        if unknown:
            raise ValidationError(
                self.env._(
                    "unknown: %(keys)s.", keys=", ".join(map(str, sorted(unknown)))
                )
            )
        product = self._iaas_find_product(line["product"], contract.company_id)
        try:
            if isinstance(line["quantity"], bool):
                raise InvalidOperation
            quantity = Decimal(str(line["quantity"]))
            if not quantity.is_finite():
                raise InvalidOperation
        except InvalidOperation as error:
            raise ValidationError(
                self.env._(
                    "quantity %(quantity)s is not a number.", quantity=line["quantity"]
                )
            ) from error
        references = line.get("resources") or []
        if not isinstance(references, list) or not all(
            isinstance(reference, str) and reference for reference in references
        ):
            raise ValidationError(self.env._("resources is a list of references."))
        expected = 1 if product.iaas_resource_policy == "per_line" else quantity
        if references and len(references) != expected:
            raise ValidationError(
                self.env._(
                    "%(count)s references for %(expected)s resources.",
                    count=len(references),
                    expected=expected,
                )
            )
        dimensions = line.get("dimensions") or {}
        if not isinstance(dimensions, dict):
            raise ValidationError(
                self.env._('dimensions is an object like {"region": "sg1"}.')
            )
        values = self.env["iaas.price.dimension"]._parse(dimensions)
        return Requested(product, quantity, references, tuple(values.ids))

    @api.model
    def _iaas_find_product(self, key, company):
        domain = [
            ("is_iaas", "=", True),
            ("company_id", "in", (False, company.id)),
            ("id" if type(key) is int else "default_code", "=", key),
        ]
        found = self.env["product.product"]
        if type(key) is int or (isinstance(key, str) and key):
            found = found.search(domain)
        if len(found) != 1:
            raise ValidationError(
                self.env._(
                    "%(count)s IaaS products are called %(key)s.",
                    count=len(found),
                    key=key,
                )
            )
        return found

    @api.model
    def _iaas_digest_request(self, contract, requested, day, customer_ref):
        """SHA-256 of what was asked for, however it was written."""
        content = {
            "contract": contract.id,
            "service_date": fields.Date.to_string(day) if day else None,
            "customer_ref": customer_ref or None,
            "lines": [
                [
                    line.product.id,
                    f"{line.quantity.normalize():f}",
                    line.references,
                    # Only where given, so that orders placed before keep their digest.
                    *([sorted(line.dimensions)] if line.dimensions else ()),
                ]
                for line in (Requested(*line) for line in requested)
            ],
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    iaas_resource_refs = fields.Json(
        copy=False,
        help="The references that the resources of this line get when the order is "
        "confirmed.",
    )

    def _iaas_create_resources(self):
        result = super()._iaas_create_resources()
        for line in self.filtered("iaas_resource_refs"):
            resources = line.iaas_resource_ids.sudo().sorted("id")
            given = set(resources.mapped("external_ref"))
            free = [ref for ref in line.iaas_resource_refs if ref not in given]
            unnamed = resources.filtered(
                lambda resource, line=line: (
                    resource.external_ref not in line.iaas_resource_refs
                )
            )
            for resource, reference in zip(unnamed, free, strict=False):
                resource.external_ref = reference
        return result
