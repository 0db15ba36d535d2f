from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from odoo.addons.iaas_contract.pricing import (
    EVENT_MODELS,
    allocate,
    base_amount,
    dimension_key,
    full_period,
    parse_dimension_key,
    prorate,
    prorate_segments,
    rate,
    round_half_up,
)
from odoo.addons.iaas_contract.pricing.numbers import ZERO, exact

from ..rating import Charges, Terms, Usage, split_tracks
from ..rating.usage import CARRIED

_DAY = timedelta(days=1)


class IaasStatement(models.Model):
    _inherit = "iaas.statement"

    def _rate(self):
        """Compute the lines of the draft statements anew.

        :return: ``{statement: reason}`` of those that cannot be rated; they have no
            lines
        """
        if not self:
            return {}
        resources = self._get_resources()
        meters = self._get_meters(resources)
        products = resources.product_id | meters.product_id
        products |= resources.segment_ids.product_id
        terms = Terms(self, products)
        usage = self._read_usage(terms, meters)
        by_contract = resources.grouped("contract_id")
        problems, computed = {}, {}
        for statement in self:
            try:
                own = by_contract.get(statement.contract_id, resources.browse())
                values = statement._prepare_lines(own, meters, terms, usage)
                if statement._reach_bands(values, terms):
                    values = statement._prepare_lines(own, meters, terms, usage)
                values = statement._get_billed_lines(values)
                statement._round_lines(values)
            except (UserError, ValueError) as error:
                problems[statement] = self.env._(
                    "%(statement)s, %(period)s: %(reason)s",
                    statement=statement.name,
                    period=statement._period_text(),
                    reason=error,
                )
                values = []
            computed[statement] = values
            statement.usage_hash = statement._get_usage_hash(usage)
        # In their order: what a term lacks counts all periods before.
        for statement in self.sorted("period_start"):
            if statement not in problems:
                computed[statement] += statement._prepare_shortfall(computed)
        self._deduct_advances(computed, problems)
        self._store_lines([values for part in computed.values() for values in part])
        return problems

    def _get_resources(self):
        """The resources of the contracts; those never used were archived, but usage
        that came in for them all the same is billed."""
        return (
            self.env["iaas.resource"]
            .with_context(active_test=False)
            .search([("contract_id", "in", self.contract_id.ids)], order="id")
        )

    def _get_meters(self, resources):
        """The meters of what the resources are, and of what they have used."""
        meters = self.env["iaas.meter"].with_context(active_test=False).search([])
        rented = meters.filtered(lambda meter: meter.product_id in resources.product_id)
        others = meters - rented
        if not others or not resources:
            return rented
        rows = self.env.execute_query(
            SQL(
                """
                SELECT meter.id
                  FROM iaas_meter meter
                 WHERE meter.id = ANY(%s)
                   AND EXISTS (
                       SELECT FROM unnest(%s::int[]) AS resource (id)
                         JOIN iaas_usage_daily daily
                           ON daily.resource_id = resource.id
                        WHERE daily.meter_id = meter.id
                          AND daily.day <= %s
                          AND (daily.day >= %s OR meter.aggregation = ANY(%s)))
                """,
                others.ids,
                resources.ids,
                # Days of the contract's zone, which may not be the statement's.
                max(self.mapped("date_to")) + _DAY,
                min(self.mapped("date_from")) - _DAY,
                list(CARRIED),
            )
        )
        used = meters.browse(meter_id for (meter_id,) in rows)
        return meters.filtered(lambda meter: meter in rented + used)

    def _read_usage(self, terms, meters):
        """The usage of all statements, cut wherever a metered product's price is."""
        boundaries = {}
        event_products = self.env["product.product"]
        for statement in self:
            days = {statement.date_from}
            for product in meters.product_id:
                for segment in terms.all_segments(statement, product):
                    days.add(segment.first)
                    if segment.price.charge_model in EVENT_MODELS:
                        event_products |= product
            boundaries[statement] = sorted(days)
        return Usage(self, boundaries, event_products, meters, terms)

    def _get_usage_hash(self, usage):
        return usage.fingerprint(self)

    # ------------------------------------------------------------------
    # Lines
    # ------------------------------------------------------------------

    def _get_billed_lines(self, values_list):
        """The values of what the statement bills of all that was rated for it."""
        return values_list

    def _prepare_lines(self, resources, meters, terms, usage):
        """The values of all lines of the statement, with exact amounts."""
        values = []
        for resource in resources.filtered(lambda resource: not resource.is_void):
            kind = resource.product_id.iaas_charge_kind
            if kind == "one_time":
                values += self._prepare_one_time(resource, terms)
            elif kind == "recurring":
                values += self._prepare_recurring(resource, terms)
        by_id = resources.grouped("id")
        for (resource_id, _product), used in self._get_metered(
            resources, meters, usage
        ).items():
            values += self._prepare_usage(by_id[resource_id], used, terms, usage)
        return values

    def _get_metered(self, resources, meters, usage):
        """The meters to rate by resource and product: those with usage, else, for
        what is rented by the meter, the active one: a minimum may be due without
        usage.

        :return: ``{(resource id, product): meters}``, in their order
        """
        metered = defaultdict(meters.browse)
        for resource_id, meter_id in sorted(usage.keys(self)):
            meter = meters.browse(meter_id)
            metered[resource_id, meter.product_id] += meter
        by_product = meters.filtered("active").grouped("product_id")
        for resource in resources.filtered(lambda resource: not resource.is_void):
            key = (resource.id, resource.product_id)
            meter = by_product.get(resource.product_id)
            if meter and key not in metered and self._get_life(resource):
                metered[key] = meter
        return metered

    def _get_life(self, resource):
        """The first and last day of the resource in the period, or nothing."""
        first = max(resource.date_start, self.date_from)
        last = min(resource.date_end or self.date_to, self.date_to)
        return (first, last) if first <= last else None

    def _prepare_one_time(self, resource, terms):
        day = resource.date_start
        if not self.date_from <= day <= self.date_to:
            return
        segment = next(
            segment
            for segment in terms.segments(
                self, resource.product_id, resource._get_dimensions()
            )
            if segment.first <= day <= segment.last
        )
        pricing, percent = self._get_pricing(resource, segment, terms)
        yield self._prepare_line(
            resource,
            resource.product_id,
            segment._replace(first=day, last=day),
            quantity=resource.quantity,
            list_amount=base_amount(pricing, resource.quantity),
            amount_exact=rate(
                pricing,
                resource.quantity,
                discount_percent=percent,
                # A minimum is due but in a free trial.
                last_slice=not segment.discount.is_trial,
            ),
        )

    def _prepare_recurring(self, resource, terms):
        """A line per contract month and segment: the monthly fee by days, of what the
        resource was on each of them."""
        life = self._get_life(resource)
        if not life:
            return
        for stretch in resource._get_stretches():
            begin = max(life[0], stretch.first)
            end = min(life[1], stretch.last or life[1])
            yield from self._prepare_stretch(resource, stretch, begin, end, terms)

    def _prepare_stretch(self, resource, stretch, begin, end, terms):
        """The lines of the days from ``begin`` to ``end`` of one product and
        quantity."""
        product, quantity = stretch.product, stretch.quantity
        for segment in terms.segments(self, product, resource._get_dimensions()):
            first, last = max(begin, segment.first), min(end, segment.last)
            if first > last:
                continue
            segment = segment._replace(first=first, last=last)
            pricing, percent = self._get_pricing(resource, segment, terms, product)
            listed = base_amount(pricing, quantity)
            charged = rate(
                pricing,
                quantity,
                discount_percent=percent,
                last_slice=not segment.discount.is_trial,
            )
            for month_start, month_end, start, stop in self._months(first, last):
                # Cumulated from the start of the month, so that segments of a month
                # add up to exactly one fee, in whatever statement they stand.
                days = [(start - month_start).days, (stop - start).days + 1]
                month = (month_end - month_start).days
                yield self._prepare_line(
                    resource,
                    product,
                    segment._replace(first=start, last=stop),
                    quantity=quantity,
                    list_amount=prorate_segments(listed, days, month)[1],
                    amount_exact=prorate_segments(charged, days, month)[1],
                ) | {"days": days[1], "days_in_month": month}

    def _months(self, first, last):
        """The contract months that days fall in: ``(month's first day, first day
        after, first day, last day)``."""
        while first <= last:
            start, after = full_period(first, "month", self.contract_id.anchor_day)
            yield start, after, first, min(last, after - _DAY)
            first = after

    def _prepare_usage(self, resource, meters, terms, usage):
        """The lines of one product: for each set of dimensions that it has a price
        for, one per segment of an additive meter; a single one, at the price at the
        end of the period, of any other meter."""
        product = meters.product_id
        # A minimum may be due without usage: at the price where the resource is.
        used = usage.combinations(self, resource, meters) or {
            dimension_key(terms.relevant(self, product, resource._get_dimensions()))
        }
        segments = {
            key: terms.segments(self, product, parse_dimension_key(key)) for key in used
        }
        final = {
            key: [_get_final(split)._replace(first=self.date_from, last=self.date_to)]
            for key, split in segments.items()
        }
        additive = meters.filtered(lambda meter: meter._is_additive())
        slices = defaultdict(list)
        for rated, by in ((segments, additive), (final, meters - additive)):
            for key, track in split_tracks(rated, self.date_to).items():
                slices[key] += [(slice_, meter) for slice_ in track for meter in by]
        for track in slices.values():
            yield from self._prepare_track(resource, product, track, terms, usage)

    def _prepare_track(self, resource, product, slices, terms, usage):
        """The lines of what prices of the same dimensions rate, one after the other."""
        charges = Charges()
        days = (self.date_to - self.date_from).days + 1
        paid_days = days - terms.free_days(self, product)
        paid = [
            number
            for number, (segment, _meter) in enumerate(slices, start=1)
            if not segment.discount.is_trial
        ]
        for number, (segment, meter) in enumerate(slices, start=1):
            quantity = usage.quantity(self, resource, meter, segment)
            if not quantity and not segment.price:
                continue
            pricing, percent = self._get_pricing(resource, segment, terms, product)
            events = []
            if pricing.charge_model in EVENT_MODELS:
                events = usage.amounts(self, resource, meter, segment)
            quantity = meter._convert(quantity)
            # The minimum is for the days that are charged.
            is_last = paid[-1:] == [number] and slices[-1][0].last == self.date_to
            if paid_days < days:
                pricing = replace(
                    pricing, min_amount=prorate(pricing.min_amount, paid_days, days)
                )
            is_trial = segment.discount.is_trial
            before, listed, charged = charges.add(
                pricing, quantity, events, percent, is_last, is_trial
            )
            if not quantity and not charged:
                continue
            # What cannot be split at a day is charged for the days after the trial.
            is_shared = paid_days < days and not is_trial and not meter._is_additive()
            if is_shared:
                charged = prorate(charged, paid_days, days)
            yield self._prepare_line(
                resource,
                product,
                segment,
                quantity=quantity,
                list_amount=listed,
                amount_exact=charged,
            ) | {
                "meter_id": meter.id,
                "charge_kind": "usage",
                "quantity_before": before,
                "days": paid_days if is_shared else 0,
                "days_in_month": days if is_shared else 0,
                "usage_hash": usage.line_fingerprint(self, resource, meter),
            }

    def _get_pricing(self, resource, segment, terms, product=None):
        """The pure price and the discount percentage of a segment.

        :raise UserError: without a price; what is used is never billed at zero
        """
        if not segment.price and terms.dimensions(product or resource.product_id):
            raise UserError(
                self.env._(
                    "%(product)s has no price in %(currency)s on %(day)s for where "
                    "%(resource)s is or was used. Add a price for that dimension, or "
                    "one for any, valid on that day.",
                    product=(product or resource.product_id).display_name,
                    currency=self.currency_id.name,
                    day=format_date(self.env, segment.first, date_format="medium"),
                    resource=resource.display_name,
                )
            )
        if not segment.price:
            raise UserError(
                self.env._(
                    "%(product)s has no price in %(currency)s on %(day)s "
                    "(resource %(resource)s). Add a price valid on that day.",
                    product=(product or resource.product_id).display_name,
                    currency=self.currency_id.name,
                    day=format_date(self.env, segment.first, date_format="medium"),
                    resource=resource.display_name,
                )
            )
        return terms.pricing(segment.price), segment.discount.discount

    def _prepare_line(
        self, resource, product, segment, quantity, list_amount, amount_exact
    ):
        """The values of one statement line."""
        return {
            "statement_id": self.id,
            "resource_id": resource.id,
            "product_id": product.id,
            "family_id": product.categ_id._get_iaas_family().id,
            "meter_id": False,
            "charge_kind": product.iaas_charge_kind,
            "quantity": quantity,
            "quantity_before": ZERO,
            "price_id": segment.price.id,
            "dimension_key": segment.price.dimension_key or "",
            "contract_line_id": segment.discount.id,
            "contract_version_id": self.contract_id._version_on(segment.first).id,
            "discount_percent": segment.discount.discount,
            "spend_band": segment.discount.min_spend,
            "days": 0,
            "days_in_month": 0,
            "committed_amount": ZERO,
            "usage_hash": False,
            "advance_percent": ZERO,
            "settles_line_id": False,
            "list_amount": list_amount,
            "amount_exact": amount_exact,
            "segment_start": segment.first,
            "segment_end": segment.last,
        }

    def _round_lines(self, values_list):
        """Round once per invoice line and give its statement lines amounts that add
        up to it."""
        digits = self.currency_id.decimal_places
        products = self.env["product.product"].browse(
            {values["product_id"] for values in values_list}
        )
        keys = {
            product.id: key for product, key in self._get_invoice_keys(products).items()
        }
        groups = defaultdict(list)
        for values in values_list:
            groups[keys[values["product_id"]]].append(values)
        for group in groups.values():
            parts = [values["amount_exact"] for values in group]
            with exact():
                total = round_half_up(sum(parts), digits)
            rounded = [round_half_up(part, digits) for part in parts]
            for values, amount in zip(group, allocate(total, rounded), strict=True):
                values["amount"] = amount

    def _store_lines(self, values_list):
        """Bring the stored lines in line with the computed ones, by their key."""
        Line = self.env["iaas.statement.line"]
        old = {line._get_key(): line for line in self.line_ids}
        new = []
        for values in values_list:
            line = old.pop(Line._get_values_key(values), None)
            if line:
                line._update(values)
            else:
                new.append(values)
        gone = Line.union(*old.values())
        gone.dispute_ids._leave_with_line()
        gone.unlink()
        Line.create(new)


def _get_final(segments):
    """The segment by which a meter that cannot be split is rated: the last one that is
    charged, else the last."""
    charged = [segment for segment in segments if not segment.discount.is_trial]
    return (charged or segments)[-1]
