import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";
import {rpc} from "@web/core/network/rpc";

/** Shows the price of a service where, and as what, the customer chooses it. */
export class PortalOrder extends Interaction {
    static selector = ".o_iaas_order_form";
    dynamicContent = {
        ".o_iaas_dimension": {
            "t-on-change.withTarget": this.onChoice,
        },
    };

    async onChoice(_ev, target) {
        const row = target.closest("tr");
        const chosen = () =>
            [...row.querySelectorAll(".o_iaas_dimension")]
                .map((select) => Number(select.value))
                .filter(Boolean);
        const asked = chosen();
        const terms = await this.waitFor(
            rpc("/my/iaas/order/price", {
                contract_id: Number(this.el.elements.contract_id.value),
                product_id: Number(row.dataset.productId),
                value_ids: asked,
            })
        );
        if (String(chosen()) !== String(asked)) {
            // Another choice was made meanwhile; its own answer counts.
            return;
        }
        const discount = terms.discount ? `${terms.discount} %` : "";
        row.querySelector(".o_iaas_price").textContent = terms.price;
        row.querySelector(".o_iaas_discount").textContent = discount;
        row.querySelector(".o_iaas_has_discount").classList.toggle("d-none", !discount);
        row.querySelector(".o_iaas_net").textContent = terms.net;
        const message = row.querySelector(".o_iaas_message");
        message.textContent = terms.message;
        message.classList.toggle("d-none", !terms.message);
    }
}

registry.category("public.interactions").add("iaas_contract.portal_order", PortalOrder);
