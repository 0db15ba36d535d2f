import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("iaas_portal_order", {
    steps: () => [
        {
            content: "Open the order page",
            trigger: ".o_portal_index_card a[href='/my/iaas/order']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Two servers",
            trigger: "tr:contains(Server) input[type=number]",
            run: "edit 2",
        },
        {
            trigger: ".o_iaas_to_summary",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "At the contract's price",
            trigger: "tfoot th:contains(144.00)",
        },
        {
            trigger: ".o_iaas_place",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It runs",
            trigger: ".o_iaas_confirmed",
        },
        {
            trigger: "a[href='/my/iaas/resources']:contains(All cloud resources)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".badge:contains(Running)",
        },
    ],
});
