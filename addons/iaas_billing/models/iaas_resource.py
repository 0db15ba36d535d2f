from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

_DAY = timedelta(days=1)


class IaasResource(models.Model):
    _inherit = "iaas.resource"

    @api.model_create_multi
    def create(self, vals_list):
        resources = super().create(vals_list)
        if not self.env.su:
            resources._check_first_day()
        return resources

    def write(self, vals):
        if self.env.su:
            return super().write(vals)
        for resource in self:
            resource._check_settled(vals)
        result = super().write(vals)
        if {"date_start", "contract_id"} & vals.keys():
            self._check_first_day()
        return result

    # ------------------------------------------------------------------
    # What was billed stays
    # ------------------------------------------------------------------

    def _check_settled(self, vals):
        """Refuse changes that would contradict what was billed already, or rewrite
        days that are over."""
        changed = {name for name in vals if self._changes(name, vals[name])}
        fixed = {
            "contract_id",
            "product_id",
            "date_start",
            "dimension_value_ids",
        } & changed
        if fixed and self._filter_settled():
            raise UserError(
                self.env._(
                    "%(resource)s has been used or billed, so its %(fields)s stay as "
                    "they are. Stop it and enter a new resource from the next day.",
                    resource=self.display_name,
                    fields=", ".join(
                        self._fields[name]._description_string(self.env)
                        for name in sorted(fixed)
                    ),
                )
            )
        if "quantity" in changed and self._has_elapsed_unbilled_days():
            raise UserError(
                self.env._(
                    "Another quantity of %(resource)s would also change days that are "
                    "over and not billed yet. Stop it on its last day with the old "
                    "quantity and enter a new resource from the next day.",
                    resource=self.display_name,
                )
            )
        if "date_end" in changed:
            days = (self.date_end, fields.Date.to_date(vals["date_end"]))
            self._check_billed_days(min(day or date.max for day in days))

    def _check_first_day(self):
        """What begins on a billed day would not be billed for it."""
        for resource in self:
            billed = resource.contract_id._get_last_billed_day()
            if billed and resource.date_start <= billed:
                raise UserError(
                    self.env._(
                        "%(contract)s is billed up to %(billed)s, so %(resource)s "
                        "cannot begin on %(day)s: it would not be billed for the days "
                        "before. Let it begin on %(next)s and invoice the days before "
                        "by hand.",
                        contract=resource.contract_id.display_name,
                        resource=resource.display_name,
                        billed=format_date(self.env, billed),
                        day=format_date(self.env, resource.date_start),
                        next=format_date(self.env, billed + _DAY),
                    )
                )

    def _check_billed_days(self, last_day):
        """Refuse to add or take away days after ``last_day`` that were billed."""
        billed = self.contract_id._get_last_billed_day()
        if billed and last_day < billed:
            raise UserError(
                self.env._(
                    "%(contract)s is billed up to %(billed)s, so the days of "
                    "%(resource)s before that can no longer change. Choose %(billed)s "
                    "or a later last day, and credit or invoice the days before by "
                    "hand.",
                    contract=self.contract_id.display_name,
                    resource=self.display_name,
                    billed=format_date(self.env, billed),
                )
            )

    def _has_elapsed_unbilled_days(self):
        """Whether the quantity counts on a day that is over and not billed yet."""
        self.ensure_one()
        kind = self.product_id.iaas_charge_kind
        if kind == "usage":
            return False
        billed = self.contract_id._get_last_billed_day()
        first = max(self.date_start, billed + _DAY) if billed else self.date_start
        last = self.contract_id._today() - _DAY
        last = min(
            last, self.date_start if kind == "one_time" else self.date_end or last
        )
        return first <= last

    def _filter_settled(self):
        """The resources with usage or on a posted statement."""
        lines = (
            self.env["iaas.statement.line"]
            .sudo()
            ._read_group(
                [
                    ("resource_id", "in", self.ids),
                    ("statement_id.state", "=", "posted"),
                    # What was billed in advance is settled whatever becomes of it.
                    ("statement_id.kind", "=", "regular"),
                ],
                ["resource_id"],
            )
        )
        billed = self.browse(resource.id for (resource,) in lines)
        return billed | self.browse(self._get_ids_with_usage())

    @api.ondelete(at_uninstall=False)
    def _unlink_without_usage(self):
        for resource in self.browse(self._get_ids_with_usage()):
            raise UserError(
                self.env._(
                    "%(resource)s has usage and cannot be deleted. Stop it instead.",
                    resource=resource.display_name,
                )
            )

    def action_view_usage(self):
        """Open the usage events of the resource."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_usage_event_action"
        )
        return action | {"domain": [("resource_id", "in", self.ids)]}

    def _change_obstacle(self, kind, day, product, quantity):
        """Days that were billed stay as they were."""
        obstacle = super()._change_obstacle(kind, day, product, quantity)
        contract = self.sudo().contract_id
        unbilled = contract.billed_until and contract._day_of(contract.billed_until)
        if obstacle or not unbilled or day >= unbilled:
            return obstacle
        return self.env._(
            "billed up to %(day)s: choose that day or a later one.",
            day=fields.Date.to_string(unbilled),
        )

    def _stop_obstacle(self, last_day):
        """Days that were billed stay as they were."""
        obstacle = super()._stop_obstacle(last_day)
        billed = self.contract_id._get_last_billed_day()
        if obstacle or not billed or last_day >= billed:
            return obstacle
        return self.env._(
            "billed up to %(day)s: choose that day or a later one.",
            day=fields.Date.to_string(billed),
        )

    def _take_back_obstacle(self, last, before):
        """Days that were billed stay as they were."""
        obstacle = super()._take_back_obstacle(last, before)
        billed = self.contract_id._get_last_billed_day()
        if obstacle or not billed or last.date_start > billed:
            return obstacle
        return self.env._(
            "billed up to %(day)s as changed.", day=fields.Date.to_string(billed)
        )

    def _filter_used(self):
        lines = (
            self.env["iaas.statement.line"]
            .sudo()
            ._read_group([("resource_id", "in", self.ids)], ["resource_id"])
        )
        billed = self.browse(resource.id for (resource,) in lines)
        with_usage = self.browse(self._get_ids_with_usage())
        return super()._filter_used() | billed | with_usage

    def _get_ids_with_usage(self):
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM unnest(%s::int[]) AS resource (id)
                    WHERE EXISTS (SELECT FROM iaas_usage_daily daily
                                   WHERE daily.resource_id = resource.id)""",
                self.ids,
            )
        )
        return [resource_id for (resource_id,) in rows]
