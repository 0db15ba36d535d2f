import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("iaas_portal_resource", {
    steps: () => [
        {
            trigger: ".o_iaas_change",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "#quantity",
            run: "edit 250",
        },
        {
            content: "From tomorrow, so that it can be taken back",
            trigger: "#date_resize",
            run() {
                const day = new Date(this.anchor.value);
                day.setUTCDate(day.getUTCDate() + 1);
                this.anchor.value = day.toISOString().slice(0, 10);
            },
        },
        {
            trigger: ".o_iaas_to_confirm",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "What it costs",
            trigger: ".o_iaas_fee_after:contains(12.50)",
        },
        {
            trigger: ".o_iaas_confirm",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_iaas_done",
        },
        {
            trigger: ".o_iaas_pending:contains(250) .o_iaas_take_back",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_iaas_taken_back",
        },
        {
            trigger: ".o_iaas_stop",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_iaas_to_confirm",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_iaas_fee_after:contains(0.00)",
        },
        {
            trigger: ".o_iaas_confirm",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_iaas_pending:contains(Stops)",
        },
    ],
});
