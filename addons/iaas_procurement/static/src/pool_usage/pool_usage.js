import {Component} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {_t} from "@web/core/l10n/translation";
import {formatInteger} from "@web/views/fields/formatters";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** One bar per dimension of a pool: what is sold against what may be sold. */
export class PoolUsage extends Component {
    static template = "iaas_procurement.PoolUsage";
    static props = {...standardFieldProps};

    get bars() {
        return (this.props.record.data[this.props.name] || []).map((bar) => ({
            ...bar,
            width: Math.min(bar.percent, 100),
            color: this.color(bar),
            text: _t("%(taken)s of %(sellable)s %(unit)s", {
                taken: formatInteger(bar.taken),
                sellable: formatInteger(bar.sellable),
                unit: bar.unit,
            }),
        }));
    }

    color(bar) {
        if (bar.short) {
            return "bg-danger";
        }
        return bar.percent >= 90 ? "bg-warning" : "bg-success";
    }
}

registry.category("fields").add("iaas_pool_usage", {
    component: PoolUsage,
    displayName: _t("Pool Usage"),
    supportedTypes: ["json"],
});
