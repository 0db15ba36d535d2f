import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("iaas_contract_sign", {
    url: "/my",
    steps: () => [
        {
            content: "What waits for a signature",
            trigger: "a[title='Contracts to sign']:visible",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Open the contract",
            trigger: ".o_portal_my_doc_table a:contains(FC/)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Read and sign",
            trigger: "a:contains(Read and Sign)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Say who signs",
            trigger: ".o_web_sign_name_and_signature input",
            run: "edit Mei Tanaka",
        },
        {
            trigger: "canvas.o_web_sign_signature",
            run: "canvasNotEmpty",
        },
        {
            content: "Sign",
            trigger: ".o_portal_sign_submit:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is signed",
            trigger: ".alert-success:contains(the contract is signed)",
        },
    ],
});
