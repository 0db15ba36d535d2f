import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

registry.category("web_tour.tours").add("iaas_billing_run_to_payment", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps(
            "iaas_customer.iaas_customer_menu_root",
            "Open the IaaS app."
        ),
        {
            content: "Open the billing menu",
            trigger: "[data-menu-xmlid='iaas_billing.iaas_billing_menu_billing']",
            run: "click",
        },
        {
            content: "Open the billing runs",
            trigger: "[data-menu-xmlid='iaas_billing.iaas_billing_menu_billing_runs']",
            run: "click",
        },
        {
            content: "Make a run",
            trigger: ".o_breadcrumb:contains(Billing Runs)",
        },
        {
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Choose the contract",
            trigger: ".o_field_widget[name=contract_ids] input",
            run: "edit Northwind Logistics",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains(Cloud services)",
            run: "click",
        },
        {
            content: "Start it",
            trigger: "button[name=action_start]:contains(Start)",
            run: "click",
        },
        {
            content: "It is done",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Done)",
        },
        {
            content: "Open the statements",
            trigger: "button[name=action_view_statements]",
            run: "click",
        },
        {
            content: "They are shown",
            trigger: ".o_last_breadcrumb_item:contains(Statements)",
        },
        {
            trigger: ".o_list_view .o_data_row td:contains(Northwind Logistics)",
            run: "click",
        },
        {
            content: "Open a line",
            trigger: ".o_field_widget[name=line_ids] .o_data_row td:contains(Traffic)",
            run: "click",
        },
        {
            content: "It explains its amount",
            trigger:
                ".modal .o_field_widget[name=explanation]:contains(Exact amount 85)",
        },
        {
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "Open the invoice",
            trigger: "body:not(:has(.modal)) button[name=action_view_move]",
            run: "click",
        },
        {
            content: "Register the payment",
            trigger: "button[name=action_register_payment]",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_create_payments]",
            run: "click",
        },
        {
            content: "The invoice is paid",
            trigger:
                "body:not(:has(.modal)) .o_form_view .ribbon:contains(/paid|payment/i)",
        },
    ],
});
