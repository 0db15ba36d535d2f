import logging
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .iaas_contract import LIVE_STATES

_logger = logging.getLogger(__name__)

_DAY = timedelta(days=1)


class Stretch(NamedTuple):
    """Days (the last included, none if open) for which a resource is charged."""

    first: Any
    last: Any
    product: Any
    quantity: Decimal


class IaasResource(models.Model):
    """What a resource is, day by day: resized, exchanged, suspended, resumed."""

    _inherit = "iaas.resource"

    segment_ids = fields.One2many(
        "iaas.resource.segment", "resource_id", string="Changes", readonly=True
    )
    is_suspended = fields.Boolean(
        string="Suspended",
        readonly=True,
        copy=False,
        tracking=True,
        help="Keeps its place without being charged.",
    )
    is_changeable = fields.Boolean(compute="_compute_is_changeable")
    is_change_planned = fields.Boolean(
        compute="_compute_is_change_planned",
        help="Its last change is still to come and can be taken back.",
    )
    is_resizable = fields.Boolean(compute="_compute_is_changeable")

    @api.depends("active", "date_end", "product_id.iaas_charge_kind")
    def _compute_is_changeable(self):
        for resource in self:
            resource.is_changeable = (
                resource.active
                and not resource.date_end
                and resource.product_id.iaas_charge_kind == "recurring"
            )
            resource.is_resizable = (
                resource.is_changeable
                and resource.product_id.iaas_resource_policy == "per_line"
            )

    @api.depends("segment_ids.date_start", "contract_id.timezone")
    def _compute_is_change_planned(self):
        for resource in self:
            last = resource.segment_ids.sorted("date_start")[-1:]
            today = resource.contract_id._today()
            resource.is_change_planned = (
                last.kind not in (False, "start") and last.date_start > today
            )

    # === CRUD ===

    def write(self, vals):
        if not self.env.su and {"product_id", "quantity"} & vals.keys():
            for resource in self.sudo().filtered("segment_ids"):
                raise UserError(
                    self.env._(
                        "%(resource)s has changed before: use Resize or Change "
                        "Product, which say from which day.",
                        resource=resource.display_name,
                    )
                )
        result = super().write(vals)
        if {"date_start", "date_end"} & vals.keys():
            self.sudo().filtered("segment_ids")._fit_segments()
        return result

    def _fit_segments(self):
        """Let the segments begin and end with the resource."""
        for resource in self:
            first, last = resource.date_start, resource.date_end
            resource.segment_ids.filtered(
                lambda segment, first=first, last=last: (
                    (last and segment.date_start > last)
                    or (segment.date_end and segment.date_end < first)
                )
            ).unlink()
            kept = resource.segment_ids.sorted("date_start")
            kept[:1].date_start = first
            kept[-1:].date_end = last
            kept.flush_recordset()
        self._follow_segments()

    # === ACTIONS ===

    def _action_change(self, kind):
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_resource_change_action"
        ) | {
            "context": {"default_resource_ids": self.ids, "default_kind": kind},
        }

    def action_resize(self):
        """Open the wizard that asks for the new quantity."""
        return self._action_change("resize")

    def action_change_product(self):
        """Open the wizard that asks for the new product."""
        return self._action_change("product")

    def action_suspend(self):
        """Open the wizard that asks from when the resource is not charged."""
        return self._action_change("suspend")

    def action_resume(self):
        """Open the wizard that asks from when the resource is charged again."""
        return self._action_change("resume")

    def action_take_back_change(self):
        """Undo the last change, as long as it is still to come."""
        self._take_back_change()
        for resource in self:
            resource.message_post(body=self.env._("The planned change is taken back."))

    # === BUSINESS ===

    def _get_product_day(self):
        same = self.segment_ids.filtered(lambda s: s.product_id == self.product_id)
        return same.sorted("date_start")[-1:].date_start or super()._get_product_day()

    def _get_stretches(self):
        """The ``Stretch``es for which the resource is charged, in order."""
        self.ensure_one()
        if not self.segment_ids:
            own = Stretch(
                self.date_start, self.date_end, self.product_id, self.quantity
            )
            return [own]
        return [
            Stretch(
                segment.date_start,
                segment.date_end,
                segment.product_id,
                segment.quantity,
            )
            for segment in self.segment_ids.sorted("date_start")
            if not segment.is_suspended
        ]

    def _get_ordered(self):
        """The product and quantity with which the resource began."""
        self.ensure_one()
        first = self.segment_ids.sorted("date_start")[:1] or self
        return first.product_id, first.quantity

    def _make_change(self, kind, day, product, quantity, reason):
        """Make the resources something else from the first moment of a civil day,
        whatever the customer owes."""
        self.check_access("write")
        obstacles = [
            f"{resource.display_name}: {obstacle}"
            for resource in self
            if (obstacle := resource._change_obstacle(kind, day, product, quantity))
        ]
        if obstacles:
            raise UserError("\n".join(obstacles))
        values = {"kind": kind, "reason": reason}
        if kind == "resize":
            values["quantity"] = quantity
        elif kind == "product":
            values["product_id"] = product.id
        else:
            values["is_suspended"] = kind == "suspend"
        for resources in self.sudo().grouped("partner_id").values():
            before = resources._get_all_monthly_fees()
            change = sum(resource._cut(day, values) for resource in resources)
            resources.partner_id._iaas_visit_change(
                before, change, self.env._("The change of resources")
            )

    def _cut(self, day, values):
        """Begin a segment on a day; return by how much the monthly fee changes."""
        self.ensure_one()
        Segment = self.env["iaas.resource.segment"]
        if not self.segment_ids:
            Segment.create(
                {
                    "resource_id": self.id,
                    "kind": "start",
                    "product_id": self.product_id.id,
                    "quantity": self.quantity,
                    "date_start": self.date_start,
                    "date_end": self.date_end,
                }
            )._set_monthly_fee()
        current = self._get_segment(day)
        before = current.monthly_fee
        if current.date_start == day:
            current.write(values)
        else:
            current.date_end = day - _DAY
            current.flush_recordset()
            current = Segment.create(
                {
                    "resource_id": self.id,
                    "product_id": current.product_id.id,
                    "quantity": current.quantity,
                    "is_suspended": current.is_suspended,
                    "date_start": day,
                    "date_end": self.date_end,
                    **values,
                }
            )
        current._set_monthly_fee()
        self._follow_segments()
        return current.monthly_fee - before

    def _take_back_change(self):
        """Undo the last change as long as it is still to come. The dearest of what is
        to come counts for credit, so this never needs more."""
        self.check_access("write")
        for resource in self.sudo():
            segments = resource.segment_ids.sorted("date_start")
            last, before = segments[-1:], segments[-2:-1]
            obstacle = resource._take_back_obstacle(last, before)
            if obstacle:
                raise UserError(
                    self.env._(
                        "%(resource)s: %(obstacle)s",
                        resource=resource.display_name,
                        obstacle=obstacle,
                    )
                )
            end = last.date_end
            last.unlink()
            before.date_end = end
            if len(segments) == 2:
                # What never changed has no segments.
                before.unlink()

    def _take_back_obstacle(self, last, before):
        """Why the last change cannot be taken back, as a text; else empty."""
        self.ensure_one()
        if not before or last.date_start <= self.contract_id._today():
            return self.env._("no change is still to come.")
        return ""

    def _take_back_stop(self):
        """Let go on what would stop today or later."""
        self.check_access("write")
        for resource in self.sudo():
            contract, last = resource.contract_id, resource.date_end
            if not resource.active or not last or last < contract._today():
                raise UserError(
                    self.env._(
                        "%(resource)s has no last day that is still to come.",
                        resource=resource.display_name,
                    )
                )
            if contract.state not in LIVE_STATES or not contract._is_valid_on(
                last + _DAY
            ):
                raise UserError(
                    self.env._(
                        "%(resource)s cannot go on after %(day)s: %(contract)s is not "
                        "valid then.",
                        resource=resource.display_name,
                        day=fields.Date.to_string(last),
                        contract=contract.display_name,
                    )
                )
            resource.date_end = False

    def _stop_obstacle(self, last_day):
        """Why the resource cannot stop with that day, as a text; empty if it can."""
        self.ensure_one()
        if last_day < self.date_start:
            return self.env._(
                "it begins on %(day)s and cannot stop before that.",
                day=fields.Date.to_string(self.date_start),
            )
        return ""

    def _get_monthly_amount(self, product, quantity, day):
        """What it costs a month as that product in that quantity: exact, untaxed, in
        the contract's currency, by the terms of the day; None without a price."""
        self.ensure_one()
        contract = self.contract_id
        price = self.env["iaas.price"]._find(
            product, day, contract, self._get_dimensions()
        )[product]
        if not price or product.iaas_charge_kind != "recurring":
            return None
        percent = contract._get_discount(product, day).discount
        return price.compute_amount(quantity) * (100 - percent) / 100

    def _get_segment(self, day):
        """The segment of a day: the first before the resource's life, the last after
        it."""
        self.ensure_one()
        begun = self.segment_ids.filtered(lambda segment: segment.date_start <= day)
        ordered = (begun or self.segment_ids).sorted("date_start")
        return ordered[-1:] if begun else ordered[:1]

    def _follow_segments(self):
        """Show on the resource what it is today."""
        for resource in self.filtered("segment_ids"):
            segment = resource._get_segment(resource.contract_id._today())
            values = {
                name: segment[name]
                for name in ("product_id", "quantity", "is_suspended")
                if resource[name] != segment[name]
            }
            if "product_id" in values:
                if resource.name == resource.product_id.name:
                    values["name"] = segment.product_id.name
                values["product_id"] = segment.product_id.id
            if values:
                resource.write(values)

    def _change_obstacle(self, kind, day, product, quantity):
        """Why the change is impossible, as a text; empty if it is not."""
        self.ensure_one()
        resource = self.sudo()
        own = resource.product_id
        if own.iaas_charge_kind != "recurring":
            return self.env._("only what is charged every month can be changed.")
        if (
            not resource.active
            or day <= resource.date_start
            or (resource.date_end and day > resource.date_end)
            or not resource.contract_id._is_valid_on(day)
        ):
            return self.env._(
                "not in use before %(day)s, or its contract is not valid then.",
                day=fields.Date.to_string(day),
            )
        planned = resource.segment_ids.filtered(lambda s: s.date_start > day)[:1]
        if planned:
            return self.env._(
                "another change is entered for %(day)s: choose that day or later.",
                day=fields.Date.to_string(planned.date_start),
            )
        current = resource.segment_ids and resource._get_segment(day) or resource
        if kind == "resize":
            if own.iaas_resource_policy != "per_line":
                return self.env._(
                    "each unit is a resource of its own: order more of them, or stop "
                    "some."
                )
            if not quantity or quantity <= 0:
                return self.env._(
                    "the quantity must be above zero. To end it, stop it."
                )
            if quantity == current.quantity:
                return self.env._("it has this quantity already.")
        if kind == "product":
            return resource._product_obstacle(current.product_id, product, day)
        if kind == "suspend" and current.is_suspended:
            return self.env._("it is suspended already.")
        if kind == "resume" and not current.is_suspended:
            return self.env._("it is not suspended.")
        return ""

    def _product_obstacle(self, own, product, day):
        """Why the resource cannot become this product."""
        contract = self.contract_id
        if not product or product not in own.iaas_change_target_ids:
            return self.env._(
                "%(own)s cannot become %(product)s. What it may become stands on the "
                "product.",
                own=own.display_name,
                product=product.display_name if product else "",
            )
        if not contract._allows_product(product, day):
            return self.env._(
                "%(product)s is not in the catalogue of %(contract)s.",
                product=product.display_name,
                contract=contract.name,
            )
        lifecycle = (
            self.env["sale.order.line"]
            .new({"product_id": product.id})
            ._iaas_lifecycle_obstacle(contract, day)
        )
        if lifecycle:
            return f"{product.display_name}: {lifecycle}"
        dimensions = self._get_dimensions()
        prices = self.env["iaas.price"]._find(product, day, contract, dimensions)
        if not prices[product]:
            return self.env._(
                "%(product)s has no price on %(day)s.",
                product=" ".join(
                    filter(None, (product.display_name, self.dimension_text))
                ),
                day=fields.Date.to_string(day),
            )
        return ""

    @api.model
    def _cron_follow_segments(self):
        """Daily: changes whose day has come show on their resources."""
        self.env["iaas.resource.segment"].flush_model()
        self.flush_model()
        today = fields.Date.today()
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT resource.id
                     FROM iaas_resource_segment segment
                     JOIN iaas_resource resource ON resource.id = segment.resource_id
                    WHERE segment.date_start <= %(tomorrow)s
                      AND (segment.date_end IS NULL
                           OR segment.date_end >= %(yesterday)s)
                      AND (segment.product_id, segment.quantity,
                           COALESCE(segment.is_suspended, FALSE))
                          IS DISTINCT FROM
                          (resource.product_id, resource.quantity,
                           COALESCE(resource.is_suspended, FALSE))""",
                tomorrow=today + _DAY,
                yesterday=today - _DAY,
            )
        )
        for resource in self.browse(resource_id for (resource_id,) in rows):
            try:
                with self.env.cr.savepoint():
                    resource._follow_segments()
            except Exception:  # noqa: BLE001 one failure must not stop the others
                _logger.exception("Cannot show what %s is today", resource.id)
