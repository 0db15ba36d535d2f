import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

registry.category("web_tour.tours").add("iaas_customer_verification", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps(
            "iaas_customer.iaas_customer_menu_root",
            "Open the IaaS app."
        ),
        {
            content: "Open the menu of customers",
            trigger: "[data-menu-xmlid='iaas_customer.iaas_customer_menu_customers']",
            run: "click",
        },
        {
            content: "Open the customers",
            trigger:
                "[data-menu-xmlid='iaas_customer.iaas_customer_menu_customers_customers']",
            run: "click",
        },
        {
            content: "Wait for the customers",
            trigger: ".o_last_breadcrumb_item:contains(Customers)",
        },
        {
            content: "Look at the cards",
            trigger: ".o_switch_view.o_kanban",
            run: "click",
        },
        {
            content: "A customer's card names its tier",
            trigger: ".o_kanban_record:contains(Northwind Logistics):contains(Large B)",
        },
        {
            content: "Register a customer",
            trigger: ".o-kanban-button-new",
            run: "click",
        },
        {
            content: "Name the company",
            // An input when partner_autocomplete is installed, else a text area.
            trigger:
                ".o_field_widget[name=name] input:visible, .o_field_widget[name=name] textarea:visible",
            run: "edit Meridian Robotics",
        },
        {
            content: "Choose its tier",
            trigger: ".o_field_widget[name=iaas_tier_id] input",
            run: "edit Large",
        },
        {
            content: "Take large B",
            trigger: ".o-autocomplete--dropdown-item a:contains(Large B)",
            run: "click",
        },
        {
            content: "Submit it for verification",
            trigger: "button[name=action_iaas_submit_verification]",
            run: "click",
        },
        {
            content: "The review has started",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(In Review)",
        },
        {
            content: "Verify it",
            trigger: "button[name=action_iaas_verify]",
            run: "click",
        },
        {
            content: "The customer is verified",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Verified)",
        },
    ],
});
