import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("iaas_portal_order_region", {
    steps: () => [
        {
            content: "The price of the first region",
            trigger: "tr:contains(Server) .o_iaas_net:contains(72.00)",
        },
        {
            trigger: "tr:contains(Server) .o_iaas_dimension",
            run: "selectByLabel Region: Tokyo",
        },
        {
            content: "The price follows the choice",
            trigger: "tr:contains(Server) .o_iaas_net:contains(90.00)",
        },
        {
            trigger: "tr:contains(Server) input[type=number]",
            run: "edit 1",
        },
        {
            content: "Some in another region",
            trigger: "tr:contains(Server) .o_iaas_add",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "What was typed is still there",
            trigger:
                "tr:contains(Server):has(.o_iaas_net:contains(90.00)) input:value(1)",
        },
        {
            trigger:
                "tr:contains(Server):has(.o_iaas_net:contains(72.00)) input[type=number]",
            run: "edit 1",
        },
        {
            trigger: ".o_iaas_to_summary",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "tfoot th:contains(162.00)",
        },
        {
            trigger: ".o_iaas_place",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_iaas_confirmed",
        },
    ],
});
