import {Component, onWillStart, useEffect, useRef} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {cookie} from "@web/core/browser/cookie";
import {formatFloat, formatMonetary} from "@web/views/fields/formatters";
import {getColor} from "@web/core/colors/colors";
import {loadBundle} from "@web/core/assets";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/**
 * What a price comes to, against the quantity. The server sends exact amounts as
 * texts; here they become pixels.
 */
export class PriceCurveField extends Component {
    static template = "iaas_contract.PriceCurveField";
    static props = {...standardFieldProps};

    setup() {
        this.canvasRef = useRef("canvas");
        this.chart = null;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                this.draw();
                return () => this.chart?.destroy();
            },
            () => [JSON.stringify(this.curve), this.currencyId]
        );
    }

    get curve() {
        return this.props.record.data[this.props.name] || {};
    }

    get currencyId() {
        return this.props.record.data.currency_id?.id;
    }

    get label() {
        const [quantity, amount] = this.curve.trial;
        return _t("%(quantity)s %(unit)s come to %(amount)s", {
            quantity: this.formatQuantity(quantity),
            unit: this.curve.unit,
            amount: this.formatAmount(amount),
        });
    }

    formatAmount(amount) {
        return formatMonetary(Number(amount), {currencyId: this.currencyId});
    }

    formatQuantity(quantity) {
        return formatFloat(Number(quantity), {trailingZeros: false, digits: [16, 2]});
    }

    draw() {
        if (!this.canvasRef.el) {
            return;
        }
        this.chart = new window.Chart(this.canvasRef.el, this.getConfig());
    }

    getConfig() {
        const scheme = cookie.get("color_scheme");
        const toPoint = ([x, y]) => ({x: Number(x), y: Number(y)});
        const points = this.curve.points.map(toPoint);
        const dips = this.curve.dips.map(Number);
        const color = getColor(1, scheme, "odoo");
        const red = "#dc3545";
        return {
            type: "line",
            data: {
                datasets: [
                    {
                        data: [toPoint(this.curve.trial)],
                        pointRadius: 5,
                        pointHoverRadius: 6,
                        borderColor: color,
                        backgroundColor: color,
                        showLine: false,
                    },
                    {
                        data: points,
                        pointRadius: 0,
                        borderWidth: 2,
                        borderColor: color,
                        segment: {
                            borderColor: ({p0, p1}) =>
                                dips.includes(p0.parsed.x) && p1.parsed.y < p0.parsed.y
                                    ? red
                                    : undefined,
                        },
                    },
                ],
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: {mode: "nearest", axis: "x", intersect: false},
                plugins: {
                    legend: {display: false},
                    tooltip: {
                        displayColors: false,
                        filter: (item, index) => index === 0,
                        callbacks: {
                            title: ([item]) =>
                                `${this.formatQuantity(item.parsed.x)} ${this.curve.unit}`,
                            label: (item) => this.formatAmount(item.parsed.y),
                        },
                    },
                },
                scales: {
                    x: {
                        type: "linear",
                        min: 0,
                        max: points.at(-1).x,
                        title: {
                            display: Boolean(this.curve.unit),
                            text: this.curve.unit,
                        },
                        ticks: {
                            maxTicksLimit: 7,
                            callback: (value) => this.formatQuantity(value),
                        },
                    },
                    y: {
                        beginAtZero: true,
                        ticks: {
                            maxTicksLimit: 6,
                            callback: (value) => this.formatAmount(value),
                        },
                    },
                },
            },
        };
    }
}

registry.category("fields").add("iaas_price_curve", {
    component: PriceCurveField,
    displayName: _t("Price curve"),
    supportedTypes: ["json"],
});
