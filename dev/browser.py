"""Headless Chromium on a running Odoo: log in, open a page, wait, take its picture.

Needs selenium from requirements-dev.txt, so it runs in the virtualenv only.
"""

import shutil
import time
from contextlib import contextmanager

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
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
# The web client has drawn a view: no request under way, a view or a page in place.
IS_SETTLED = """
    const loading = document.querySelector(".o_loading_indicator, .o_blockUI");
    const drawn = document.querySelector(
        ".o_view_controller, .o_portal_wrap, #wrapwrap, .o_kanban_renderer");
    return document.readyState === "complete" && !loading && !!drawn;
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
    """Wait until the page shows its view and asks the server for nothing more."""
    try:
        WebDriverWait(driver, LONGEST_WAIT).until(
            lambda browser: browser.execute_script(IS_SETTLED)
        )
    except TimeoutException as error:
        raise AssertionError(f"{driver.current_url} did not finish loading") from error
    time.sleep(0.5)  # charts and avatars are drawn just after their data came


def errors_shown(driver):
    """What went wrong on the page: error dialogs, and errors in the console."""
    dialogs = driver.find_elements(By.CSS_SELECTOR, ".o_error_dialog, .o_dialog_error")
    console = [entry["message"] for entry in driver.get_log("browser")]
    return [dialog.text for dialog in dialogs] + console
