import {FloatField, floatField} from "@web/views/fields/float/float_field";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

/** A number whose zero means "no limit", and is shown and typed as nothing. */
export class LimitField extends FloatField {
    get formattedValue() {
        if (this.value) {
            return super.formattedValue;
        }
        return this.props.readonly ? _t("no limit") : "";
    }

    parse(value) {
        return value.trim() ? super.parse(value) : 0;
    }
}

registry.category("fields").add("iaas_limit", {
    ...floatField,
    component: LimitField,
    displayName: _t("Limit"),
    supportedTypes: ["float", "integer"],
});
