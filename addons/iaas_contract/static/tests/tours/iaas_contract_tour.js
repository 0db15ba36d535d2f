import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

registry.category("web_tour.tours").add("iaas_contract_call_off", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps(
            "iaas_customer.iaas_customer_menu_root",
            "Open the IaaS app."
        ),
        {
            content: "Open the contracts menu",
            trigger: "[data-menu-xmlid='iaas_contract.iaas_contract_menu_contracts']",
            run: "click",
        },
        {
            content: "Open the framework contracts",
            trigger:
                "[data-menu-xmlid='iaas_contract.iaas_contract_menu_contracts_contracts']",
            run: "click",
        },
        {
            content: "Open the draft",
            trigger: ".o_data_row td:contains(Analytics cluster)",
            run: "click",
        },
        {
            content: "Send it",
            trigger: "button[name=action_send]",
            run: "click",
        },
        {
            content: "Record the signature",
            trigger: ".o_form_view button[name=action_sign]",
            run: "click",
        },
        {
            content: "Name the signatory",
            trigger: ".modal .o_field_widget[name=signed_by] input",
            run: "edit Mei Tanaka",
        },
        {
            content: "Sign",
            trigger: ".modal button[name=action_sign]",
            run: "click",
        },
        {
            content: "The contract is active",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Active)",
        },
        {
            content: "Open the contracts menu again",
            trigger: "[data-menu-xmlid='iaas_contract.iaas_contract_menu_contracts']",
            run: "click",
        },
        {
            content: "Open the call-off orders",
            trigger:
                "[data-menu-xmlid='iaas_contract.iaas_contract_menu_contracts_orders']",
            run: "click",
        },
        {
            content: "Make an order",
            trigger: ".o_breadcrumb:contains(Call-off Orders)",
        },
        {
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Choose the customer",
            trigger: ".o_field_widget[name=partner_id] input",
            run: "edit Harbor",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains(Harbor Analytics)",
            run: "click",
        },
        {
            content: "Its contract is proposed",
            trigger:
                ".o_field_widget[name=iaas_contract_id] input:value(Analytics cluster)",
        },
        {
            content: "Add a product",
            trigger:
                ".o_field_x2many_list_row_add > button, .o_field_x2many_list_row_add > a",
            run: "click",
        },
        {
            trigger:
                ".o_selected_row .o_field_widget[name=product_template_id] :is(input, textarea)",
            run: "edit Server",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains(Server)",
            run: "click",
        },
        {
            content: "The price of the contract applies",
            trigger: ".o_selected_row [name=price_unit]:contains(80)",
        },
        {
            trigger: ".o_selected_row .o_field_widget[name=product_uom_qty] input",
            run: "edit 2",
        },
        {
            content: "Confirm the order",
            trigger: "button[name=action_confirm]:visible",
            run: "click",
        },
        {
            content: "See what runs",
            trigger: "button[name=action_view_iaas_resources]:visible",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:nth-child(2) td:contains(Running)",
        },
    ],
});
