import {FloatField, floatField} from "@web/views/fields/float/float_field";
import {_t} from "@web/core/l10n/translation";
import {formatInteger} from "@web/views/fields/formatters";
import {parseInteger} from "@web/views/fields/parsers";
import {registry} from "@web/core/registry";

/** A number whose zero means "no limit", and is shown and typed as nothing. */
export class LimitField extends FloatField {
    static template = "iaas_contract.LimitField";

    get isInteger() {
        return this.props.record.fields[this.props.name].type === "integer";
    }

    get formattedValue() {
        if (!this.value) {
            return this.props.readonly ? this.noLimit : "";
        }
        return this.isInteger ? formatInteger(this.value) : super.formattedValue;
    }

    get noLimit() {
        return _t("no limit");
    }

    parse(value) {
        if (!value.trim()) {
            return 0;
        }
        return this.isInteger ? parseInteger(value) : super.parse(value);
    }
}

registry.category("fields").add("iaas_limit", {
    ...floatField,
    component: LimitField,
    displayName: _t("Limit"),
    supportedTypes: ["float", "integer"],
});
