"""Take the pictures of docs/images from the running demo: ``make images``."""

import sys

from .browser import (
    click,
    errors_shown,
    log_in,
    open_browser,
    take_picture,
    wait_until_drawn,
)
from .paths import ROOT

IMAGES = ROOT / "docs/images"


FIRST_ROW = ".o_data_row .o_data_cell"
IN_FORCE = ".o_data_row:has(.text-bg-success) .o_data_cell"
# A statement of a period with its invoice, not a correction.
POSTED = (
    ".o_data_row:has(.text-bg-success):has(.text-bg-danger)"
    ":not(:has([name=correction_kind] .badge)) .o_data_cell"
)
# Picture, address, and what is clicked there before the picture is taken.
PAGES = {
    "ops": [
        ("my_work", "odoo/iaas-my-work", []),
        ("customers", "odoo/iaas-customers", []),
        ("customer", "odoo/iaas-customers", [FIRST_ROW]),
    ],
    "sales": [
        ("contracts", "odoo/iaas-contracts", []),
        ("contract", "odoo/iaas-contracts", [IN_FORCE]),
        ("orders", "odoo/iaas-orders", []),
        ("order", "odoo/iaas-orders", [FIRST_ROW]),
        ("resources", "odoo/iaas-resources", []),
    ],
    "sales.manager": [
        ("delays", "odoo/iaas-delay-board", []),
        ("renewals", "odoo/iaas-renewals", []),
        ("negotiation", "odoo/iaas-negotiations", [FIRST_ROW]),
    ],
    "customer": [
        ("portal_order", "my/iaas/order", []),
        ("portal_contracts", "my/contracts", []),
        ("portal_usage", "my/usage", []),
    ],
    "ops.manager": [
        ("services", "odoo/iaas-services", []),
        ("prices", "odoo/iaas-prices", []),
        ("price", "odoo/iaas-prices", [FIRST_ROW]),
    ],
    "billing.manager": [
        ("billing_run", "odoo/iaas-billing-runs", [IN_FORCE]),
        ("statements", "odoo/iaas-statements", []),
        ("statement", "odoo/iaas-statements", [POSTED]),
        ("statement_line", "odoo/iaas-statement-lines", [FIRST_ROW]),
        ("revenue", "odoo/iaas-revenue", []),
        ("usage", "odoo/iaas-usage", []),
        ("settlement_board", "odoo/iaas-settlement-board", []),
        ("revenue_trend", "odoo/iaas-revenue-trend", []),
        (
            "invoice",
            "odoo/iaas-statements",
            [POSTED, "button[name=action_view_move]"],
        ),
    ],
    "procurement.manager": [
        ("pools", "odoo/iaas-pools", []),
        ("pool", "odoo/iaas-pools", [".o_kanban_record"]),
        ("hosts", "odoo/iaas-hosts", []),
    ],
}


def main(url, wanted):
    """Open the pages, each as its user, and save what is seen."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for login, pages in PAGES.items():
        pages = [page for page in pages if not wanted or page[0] in wanted]
        if not pages:
            continue
        with open_browser() as driver:
            log_in(driver, url, login)
            for name, path, selectors in pages:
                _take(driver, f"{url}/{path}", selectors, IMAGES / f"{name}.png")


def _take(driver, address, selectors, image):
    driver.get(address)
    wait_until_drawn(driver)
    for selector in selectors:
        if not click(driver, selector):
            raise SystemExit(f"{image.stem}: {address} has no {selector}")
    errors = errors_shown(driver)
    if errors:
        raise SystemExit(f"{image.stem}: {errors}")
    take_picture(driver, image)
    print(image.relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
