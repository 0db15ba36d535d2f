"""Headless Chromium on a running Odoo: log in, open a page, wait, take its picture.

Needs selenium from requirements-dev.txt, so it runs in the virtualenv only.
"""

import shutil
import time
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)
LONGEST_WAIT = 60
STILL_FOR = 0.3
# The page's markup once a view stands in it and nothing is loading; else null.
DRAWN = """
    const view = document.querySelector(
        ".o_view_controller, .o_portal_wrap, #wrapwrap, .o-mail-Discuss");
    const loading = document.querySelector(".o_loading_indicator, .o_blockUI");
    const drawn = document.readyState === "complete" && view && !loading;
    return drawn ? document.body.innerHTML : null;
"""


@contextmanager
def open_browser(width=1440, height=900):
    """A Chromium window of that many CSS pixels; closed at the end."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for switch in SWITCHES:
        options.add_argument(switch)
    options.add_argument(f"--window-size={width},{height}")
    options.set_capability("goog:loggingPrefs", {"browser": "SEVERE"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options, service)
    try:
        yield driver
    finally:
        driver.quit()


def log_in(driver, url, login):
    """Log in with ``login`` as its own password, as the demo company has it."""
    driver.get(f"{url}/web/login")
    WebDriverWait(driver, LONGEST_WAIT).until(
        expected_conditions.element_to_be_clickable((By.NAME, "login"))
    ).send_keys(login)
    driver.find_element(By.NAME, "password").send_keys(login)
    driver.find_element(By.CSS_SELECTOR, "form.oe_login_form").submit()
    WebDriverWait(driver, LONGEST_WAIT).until(
        lambda browser: "/web/login" not in browser.current_url
    )
    wait_until_drawn(driver)


def wait_until_drawn(driver):
    """Wait until the page shows a view and has stopped changing.

    The web client tells that it loads only after a moment, so quiet alone counts.
    """
    deadline = time.monotonic() + LONGEST_WAIT
    before = None
    while time.monotonic() < deadline:
        page = driver.execute_script(DRAWN)
        if page and page == before:
            return
        before = page
        time.sleep(STILL_FOR)
    raise AssertionError(f"{driver.current_url} did not finish loading")


def click(driver, selector):
    """Click the first element that matches, wait for what opens; whether one did."""
    script = """
        const element = document.querySelector(arguments[0]);
        element?.click();
        return Boolean(element);
    """
    found = driver.execute_script(script, selector)
    if found:
        wait_until_drawn(driver)
    return found


def take_picture(driver, path):
    """Save what the window shows, once charts and avatars are drawn, too."""
    time.sleep(1)
    driver.save_screenshot(str(path))


def errors_shown(driver):
    """What went wrong on the page: error dialogs, and errors in the console."""
    dialogs = driver.find_elements(By.CSS_SELECTOR, ".o_error_dialog, .o_dialog_error")
    console = [entry["message"] for entry in driver.get_log("browser")]
    return [dialog.text for dialog in dialogs] + console
