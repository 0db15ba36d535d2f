import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

registry.category("web_tour.tours").add("iaas_contract_price_curve", {
    steps: () => [
        {
            content: "Open the price",
            trigger: ".o_data_row td:contains(Volume SSD)",
            run: "click",
        },
        {
            content: "The curve is drawn, 100 units come to 116",
            trigger:
                ".o_iaas_price_curve [data-trial='116'] canvas[aria-label*='116.00']",
        },
        {
            content: "Try another quantity",
            trigger: ".o_field_widget[name=trial_quantity] input",
            run: "edit 12 && press Tab",
        },
        {
            content: "The mark on the curve moves",
            trigger: ".o_iaas_price_curve [data-trial='28']",
        },
        {
            content: "Change the first tier",
            trigger: ".o_data_row:first td[name=unit_price]",
            run: "click",
        },
        {
            trigger: ".o_selected_row .o_field_widget[name=unit_price] input",
            run: "edit 3 && press Tab",
        },
        {
            content: "The curve follows before anything is saved",
            trigger: ".o_iaas_price_curve [data-trial='38']",
        },
        ...stepUtils.saveForm(),
    ],
});
