import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

const menu = (name) => `[data-menu-xmlid='iaas_procurement.${name}']`;

registry.category("web_tour.tours").add("iaas_procurement_shortage", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps(
            "iaas_customer.iaas_customer_menu_root",
            "Open the IaaS app."
        ),
        {
            content: "Open the menu of procurement",
            trigger: menu("iaas_procurement_menu_procurement"),
            run: "click",
        },
        {
            content: "Open the pools",
            trigger: menu("iaas_procurement_menu_procurement_pools"),
            run: "click",
        },
        {
            content: "The pool shows what is sold against what may be sold",
            trigger:
                ".o_kanban_record:contains(Compute East) .o_iaas_pool_usage .bg-danger",
        },
        {
            content: "Open the pool that is short",
            trigger: ".o_kanban_record:contains(Compute East)",
            run: "click",
        },
        {
            content: "Request quotations for what is missing",
            trigger: "button[name=action_request_quotation].btn-primary",
            run: "click",
        },
        {
            content: "The request asks for one server",
            trigger:
                ".o_field_widget[name=order_line] td[name=product_qty]:contains(1.00)",
        },
        {
            content: "Order it",
            trigger: "button[name=button_confirm]:not(.d-none):enabled",
            run: "click",
        },
        {
            content: "Once it is ordered, enter what arrived",
            trigger: ".o_field_widget[name=order_line] td[name=qty_received]",
            run: "click",
        },
        {
            content: "One server arrived",
            trigger: ".o_field_widget[name=qty_received] input",
            run: "edit 1",
        },
        ...stepUtils.saveForm(),
        {
            content: "Open the host that it became",
            trigger: "button[name=action_view_iaas_hosts]",
            run: "click",
        },
        {
            content: "Wait for the hosts",
            trigger: ".o_last_breadcrumb_item:contains(Hosts)",
        },
        {
            content: "Go to its serial number",
            trigger: ".o_data_row td[name=serial]",
            run: "click",
        },
        {
            content: "Enter it",
            trigger: ".o_data_row [name=serial] input",
            run: "edit SN-TOUR-1",
        },
        {
            content: "Open the host",
            trigger: ".o_list_record_open_form_view button",
            run: "click",
        },
        {
            content: "It is racked",
            trigger: "button[name=action_install]",
            run: "click",
        },
        {
            content: "It goes live",
            trigger: "button[name=action_go_live]",
            run: "click",
        },
        {
            content: "It is live",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Live)",
        },
    ],
});
