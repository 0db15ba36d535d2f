"""Take the pictures of docs/images from the running demo: ``make images``."""

import sys

from selenium.webdriver.common.by import By

from .browser import (
    errors_shown,
    log_in,
    open_browser,
    take_picture,
    wait_until_drawn,
)
from .paths import ROOT

IMAGES = ROOT / "docs/images"


def main(url):
    """Open each of the pages below as its user and save what is seen."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    for login, pages in PAGES.items():
        with open_browser() as driver:
            log_in(driver, url, login)
            for name, path, selectors in pages:
                if wanted and name not in wanted:
                    continue
                driver.get(f"{url}/{path}")
                wait_until_drawn(driver)
                for selector in selectors:
                    driver.find_element(By.CSS_SELECTOR, selector).click()
                    wait_until_drawn(driver)
                for error in errors_shown(driver):
                    print(f"{name}: {error}", file=sys.stderr)
                take_picture(driver, IMAGES / f"{name}.png")
                print(f"docs/images/{name}.png")


FIRST_ROW = ".o_data_row .o_data_cell, .o_kanban_record:not(.o_kanban_ghost)"
PAGES = {
    "admin": [
        ("apps", "odoo", []),
    ],
}

if __name__ == "__main__":
    main(sys.argv[1])
