from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .iaas_resource_credit import CreditExceeded
from .sale_order_line import MOST_QUANTITY

_DAY = timedelta(days=1)
# What customers themselves ask for, and take back. To suspend is for operations.
PORTAL_KINDS = ("resize", "product")


class Asked(NamedTuple):
    """What a customer wants of a resource: from a day on, or as its last day."""

    kind: str
    day: Any
    product: Any
    quantity: Decimal


class IaasResource(models.Model):
    """What the customer's own people do with a resource in the portal (R46).

    The methods check what the portal user may do, then act with all rights, by what
    operations use too: nobody in the portal has rights to write resources as such.
    """

    _inherit = "iaas.resource"

    stop_asker_id = fields.Many2one(
        "res.users",
        string="Stopped in the Portal by",
        readonly=True,
        copy=False,
        help="Whoever of the customer chose the last day, and may take it back.",
    )

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"stop_asker_id"}

    def write(self, vals):
        if "date_end" in vals and "stop_asker_id" not in vals:
            asked = self.sudo().filtered("stop_asker_id")
            if asked:
                # What others decide is not the customer's to take back.
                asked.stop_asker_id = False
        return super().write(vals)

    # === RIGHTS ===

    def _portal_may_change(self):
        """Whether the user changes this resource: one of its company's, with the
        contact role that orders, under a contract in force."""
        self.ensure_one()
        contracts = self.env["sale.order"]._iaas_portal_contracts()
        resource = self.sudo()
        return (
            resource.active
            and resource.state != "stopped"
            and resource.partner_id == self.env.user.commercial_partner_id
            and resource.contract_id.id in contracts.ids
        )

    def _portal_check(self):
        if not self._portal_may_change():
            raise AccessError(
                self.env._(
                    "You cannot change this resource. An administrator or decision "
                    "maker of your company can, as long as it runs and its contract is "
                    "in force."
                )
            )

    # === WHAT CAN BE ASKED ===

    def _portal_first_day(self):
        """The first day from which the resource may become something else."""
        self.ensure_one()
        return max(self.contract_id._today(), self.date_start + _DAY)

    def _portal_targets(self):
        """What the resource may become: dicts of product, price in words and
        monthly fee before tax."""
        self._portal_check()
        resource = self.sudo()
        day, targets = resource._portal_first_day(), []
        for product in resource.product_id.iaas_change_target_ids:
            if resource._product_obstacle(resource.product_id, product, day):
                continue
            price = (
                self.env["iaas.price"]
                .sudo()
                ._find(product, day, resource.contract_id, resource._get_dimensions())[
                    product
                ]
            )
            fee = resource._get_monthly_amount(product, resource.quantity, day)
            targets.append({"product": product, "price": price.summary, "fee": fee})
        return sorted(targets, key=lambda target: target["fee"])

    def _portal_read(self, kind, form):
        """``(asked, errors)`` of what the customer typed; without errors it can be
        done."""
        self._portal_check()
        resource = self.sudo()
        try:
            asked = resource._portal_parse(kind, form)
        except UserError as error:
            return None, [str(error)]
        if self._portal_is_done(asked):
            return asked, []
        obstacle = resource._portal_obstacle(asked)
        return asked, [obstacle] if obstacle else []

    def _portal_parse(self, kind, form):
        product, quantity = self.product_id, self.quantity
        try:
            day = fields.Date.to_date(form.get("date") or None)
        except ValueError:
            day = None
        if not day:
            raise UserError(self.env._("Choose a day."))
        if kind == "resize":
            text = form.get("quantity", "").strip()
            try:
                quantity = Decimal(text.replace(",", "."))
                if not quantity.is_finite():
                    raise InvalidOperation
            except InvalidOperation as error:
                raise UserError(
                    self.env._("%(text)s is not a number.", text=text)
                    if text
                    else self.env._("Enter the new quantity.")
                ) from error
        elif kind == "product":
            wanted = form.get("product_id", "")
            product = product.iaas_change_target_ids.filtered(
                lambda target: str(target.id) == wanted
            )
            if not product:
                raise UserError(self.env._("Choose the new service."))
        return Asked(kind, day, product, quantity)

    def _portal_fee(self):
        """What it costs a month today, before tax, for those who may change it; None
        where it has no monthly fee."""
        if not self._portal_may_change() or self.sudo().is_suspended:
            return None
        resource = self.sudo()
        day = max(resource.contract_id._today(), resource.date_start)
        return resource._get_monthly_amount(resource.product_id, resource.quantity, day)

    def _portal_obstacle(self, asked):
        """Why what was asked is impossible, in the customer's words; else empty."""
        self.ensure_one()
        today = self.contract_id._today()
        if asked.day < today:
            return self.env._(
                "The day cannot be before %(today)s.",
                today=fields.Date.to_string(today),
            )
        if self._portal_holds():
            return self.env._(
                "A change waits for release by our finance department. Take it back "
                "before you ask for another."
            )
        if self.date_end:
            return self.env._(
                "It stops on %(day)s already.", day=fields.Date.to_string(self.date_end)
            )
        if asked.kind == "stop":
            if not self.contract_id._is_valid_on(asked.day):
                return self.env._(
                    "Contract %(contract)s is not valid on %(day)s any more.",
                    contract=self.contract_id.name,
                    day=fields.Date.to_string(asked.day),
                )
            return self._stop_obstacle(asked.day)
        if self.is_suspended:
            return self.env._("It is suspended. Please ask your account manager.")
        if asked.quantity > MOST_QUANTITY:
            return self.env._("At most %(most)s.", most=f"{MOST_QUANTITY:,}")
        return self._change_obstacle(
            asked.kind, asked.day, asked.product, asked.quantity
        )

    def _portal_costs(self, asked):
        """The monthly fee before tax without and with what was asked, by the terms of
        that day; None for what has none."""
        self._portal_check()
        resource, day = self.sudo(), asked.day
        if asked.kind == "stop":
            day += _DAY
        current = resource._portal_current(asked)
        before = resource._get_monthly_amount(current.product_id, current.quantity, day)
        if asked.kind == "stop":
            return before, Decimal(0)
        product, quantity = current.product_id, current.quantity
        if asked.kind == "resize":
            quantity = asked.quantity
        else:
            product = asked.product
        return before, resource._get_monthly_amount(product, quantity, day)

    def _portal_current(self, asked):
        """What the resource is on the day if nothing is done: itself or a segment."""
        return (self.segment_ids and self._get_segment(asked.day)) or self

    def _portal_exceeds_credit(self, asked):
        """Whether the change has to wait for finance: tried, and undone."""
        self._portal_check()
        trial = self.sudo().with_context(
            mail_activity_automation_skip=True, tracking_disable=True
        )
        if asked.kind == "stop" or self._portal_is_done(asked):
            return False
        try:
            with self.env.cr.savepoint() as savepoint:
                trial._change(*asked)
                savepoint.rollback()
        except CreditExceeded:
            return True
        return False

    # === DOING ===

    def _portal_apply(self, asked):
        """Do what was asked, once however often it is sent; what goes above the credit
        limit waits for finance."""
        self._portal_check()
        # Two calls at a time: the second waits here, then starts again and sees what
        # the first did.
        self.env.execute_query(
            SQL(
                "UPDATE iaas_resource SET write_date = write_date WHERE id = %s "
                "RETURNING id",
                self.id,
            )
        )
        if self._portal_is_done(asked):
            return
        resource = self.sudo()
        obstacle = resource._portal_obstacle(asked)
        if obstacle:
            raise UserError(obstacle)
        if asked.kind == "stop":
            resource._stop(asked.day)
            resource.stop_asker_id = self.env.user
        else:
            reason = self.env._(
                "Asked in the portal by %(person)s", person=self.env.user.name
            )
            try:
                with self.env.cr.savepoint():
                    resource._change(*asked, reason)
            except CreditExceeded as error:
                self.env["iaas.resource.hold"]._hold(
                    resource, *asked, reason, str(error)
                )
        self._portal_log(self._portal_words(asked))

    def _portal_is_done(self, asked):
        """Whether the resource is, or will be, exactly what was asked."""
        resource = self.sudo()
        if asked.kind == "stop":
            return bool(resource.stop_asker_id) and resource.date_end == asked.day
        made = resource.segment_ids.filtered(
            lambda segment: (
                segment.kind == asked.kind and segment.date_start == asked.day
            )
        )
        waiting = resource._portal_holds().filtered(
            lambda hold: hold.kind == asked.kind and hold.date == asked.day
        )
        field, value = "product_id", asked.product
        if asked.kind == "resize":
            field, value = "quantity", asked.quantity
        return any(record[field] == value for record in (*made, *waiting))

    def _portal_words(self, asked):
        person, day = self.env.user.name, fields.Date.to_string(asked.day)
        if asked.kind == "stop":
            return self.env._(
                "%(person)s chose in the portal that it stops: its last day is "
                "%(day)s.",
                person=person,
                day=day,
            )
        if asked.kind == "resize":
            return self.env._(
                "%(person)s asked in the portal for a quantity of %(quantity)s from "
                "%(day)s.",
                person=person,
                quantity=f"{asked.quantity.normalize():f}",
                day=day,
            )
        return self.env._(
            "%(person)s asked in the portal for %(product)s from %(day)s.",
            person=person,
            product=asked.product.display_name,
            day=day,
        )

    def _portal_log(self, words):
        """Leave a trace, and tell the owner of the contract."""
        owner = self.contract_id.sudo()._responsible()
        self.sudo().message_post(
            body=words,
            author_id=self.env.user.partner_id.id,
            partner_ids=owner.partner_id.ids,
        )

    # === TAKING BACK ===

    def _portal_holds(self):
        """The changes of this resource that wait for finance."""
        return (
            self.env["iaas.resource.hold"]
            .sudo()
            .search([("resource_ids", "in", self.ids), ("state", "=", "waiting")])
        )

    def _portal_pending(self):
        """What is still to come and may be taken back: dicts of what (``stop``,
        ``change`` or ``hold``), key and the record that says it."""
        self.ensure_one()
        resource, pending = self.sudo(), []
        last = resource.segment_ids.sorted("date_start")[-1:]
        if resource.is_change_planned and last.kind in PORTAL_KINDS:
            pending.append({"what": "change", "key": str(last.id), "record": last})
        if (
            resource.stop_asker_id
            and resource.date_end >= resource.contract_id._today()
        ):
            key = fields.Date.to_string(resource.date_end)
            pending.append({"what": "stop", "key": key, "record": resource})
        return pending + [
            {"what": "hold", "key": str(hold.id), "record": hold}
            for hold in resource._portal_holds()
            if hold.kind in PORTAL_KINDS and len(hold.resource_ids) == 1
        ]

    def _portal_take_back(self, what, key):
        """Take back what is still to come; what is gone already stays gone."""
        self._portal_check()
        pending = self._portal_pending()
        if not any((one["what"], one["key"]) == (what, key) for one in pending):
            return
        resource = self.sudo()
        if what == "stop":
            resource._take_back_stop()
        elif what == "change":
            resource._take_back_change()
        else:
            self.env["iaas.resource.hold"].sudo().browse(int(key)).action_withdraw()
        self._portal_log(
            self.env._(
                "%(person)s took back in the portal what was still to come.",
                person=self.env.user.name,
            )
        )
