import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

/** A PDF file with that many empty pages, as a scanner makes it. */
function emptyPdf(pages) {
    const kids = Array.from({length: pages}, (_, page) => `${page + 3} 0 R`);
    const objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        `<</Type/Pages/Count ${pages}/Kids[${kids.join(" ")}]>>`,
        ...kids.map(() => "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"),
    ];
    let text = "%PDF-1.4\n";
    let table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
    objects.forEach((object, index) => {
        table += `${String(text.length).padStart(10, "0")} 00000 n \n`;
        text += `${index + 1} 0 obj${object}endobj\n`;
    });
    const trailer = `trailer<</Size ${objects.length + 1}/Root 1 0 R>>`;
    const content = `${text}${table}${trailer}\nstartxref\n${text.length}\n%%EOF`;
    return new File([content], "signed.pdf", {type: "application/pdf"});
}

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
            content: "Upload the scan",
            trigger: ".modal .o_field_widget[name=document_page_count]",
            run: ({anchor}) => {
                const files = new DataTransfer();
                files.items.add(emptyPdf(parseInt(anchor.textContent, 10)));
                const input = document.querySelector(".modal input[type=file]");
                input.files = files.files;
                input.dispatchEvent(new Event("change", {bubbles: true}));
            },
        },
        {
            content: "It has all pages",
            trigger:
                ".modal .o_field_widget[name=scan]:contains(signed.pdf), .modal .o_field_widget[name=scan] input:value(signed.pdf)",
        },
        {
            content: "It was compared",
            trigger: ".modal .o_field_widget[name=is_compared] input",
            run: "click",
        },
        {
            content: "Where the original lies",
            trigger: ".modal .o_field_widget[name=original_location] input",
            run: "edit Archive, shelf 12",
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
