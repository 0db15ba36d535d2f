import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

registry.category("web_tour.tours").add("iaas_contract_delay_board", {
    steps: () => [
        {
            content: "Open the contract that is late",
            trigger: ".o_list_view .o_data_row td:contains(Northwind)",
            run: "click",
        },
        {
            content: "Open its stages",
            trigger: ".o_notebook .nav-link:contains(Stages)",
            run: "click",
        },
        {
            content: "Edit the stage that is late",
            trigger:
                ".o_field_widget[name=stage_ids] .o_data_row:first td[name=date_forecast]",
            run: "click",
        },
        {
            content: "Say when it is expected",
            trigger: ".o_selected_row .o_field_widget[name=date_forecast] input",
            run: "edit 12/31/2030 && press Tab",
        },
        {
            content: "Say why it is late",
            trigger: ".o_selected_row .o_field_widget[name=delay_reason] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains(Budget of the customer)",
            run: "click",
        },
        ...stepUtils.saveForm(),
        {
            content: "Back to the board",
            trigger: ".o_breadcrumb .o_back_button a, .breadcrumb-item a:first",
            run: "click",
        },
        {
            content: "The board tells it",
            trigger: ".o_list_view .o_data_row td:contains(Budget of the)",
        },
    ],
});

registry.category("web_tour.tours").add("iaas_contract_renewal", {
    steps: () => [
        {
            content: "Open the renewal from the pipeline",
            trigger: ".o_kanban_record:contains(Northwind)",
            run: "click",
        },
        {
            content: "Revise its prices",
            trigger: "button[name=action_revise_prices]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=uplift] input",
            run: "edit 5 && press Tab",
        },
        {
            content: "The proposal follows: 80 per cent of the price become 84",
            trigger: ".modal .o_data_row td[name=new_discount]:contains(16)",
        },
        {
            trigger: ".modal footer .btn-primary",
            run: "click",
        },
        {
            content: "Submit it for review",
            trigger: "body:not(:has(.modal)) button[name=action_submit]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(In Review)",
        },
    ],
});

registry.category("web_tour.tours").add("iaas_contract_negotiation", {
    steps: () => [
        {
            content: "Open the negotiation",
            trigger: ".o_list_view .o_data_row td:contains(First round)",
            run: "click",
        },
        {
            content: "The list price of the quantity is there",
            trigger:
                ".o_field_widget[name=line_ids] .o_data_row td[name=list_amount]:contains(800)",
        },
        {
            trigger: ".o_notebook .nav-link:contains(Give and Get)",
            run: "click",
        },
        {
            content: "Grant the discount that the mandate covers",
            trigger:
                ".o_field_widget[name=move_ids] .o_data_row:contains(Small discount) button[name=action_grant]",
            run: "click",
        },
        {
            trigger:
                ".o_field_widget[name=move_ids] .o_data_row:contains(Small discount) .badge:contains(Agreed)",
        },
        {
            content: "What goes beyond every mandate has no button",
            trigger:
                ".o_field_widget[name=move_ids] .o_data_row:contains(Large discount):not(:has(button[name=action_grant]))",
        },
    ],
});
