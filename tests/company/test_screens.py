"""Every screen of the IaaS app opens in a real browser and shows no error."""

import pytest
from selenium.webdriver.common.by import By

from dev.browser import errors_shown, wait_until_drawn

FIRST_RECORD = ".o_data_row .o_data_cell, .o_kanban_record:not(.o_kanban_ghost)"


@pytest.fixture(scope="module")
def screens(connection):
    """Name, action and view modes of each menu item below the app's root."""
    with connection.cursor() as cr:
        cr.execute(
            """
            SELECT menu.complete_name, action.id, action.view_mode
              FROM (
                WITH RECURSIVE tree AS (
                    SELECT m.id, m.action, m.name->>'en_US' AS complete_name
                      FROM ir_ui_menu m
                      JOIN ir_model_data d ON d.model = 'ir.ui.menu' AND d.res_id = m.id
                     WHERE d.module = 'iaas_customer'
                       AND d.name = 'iaas_customer_menu_root'
                     UNION ALL
                    SELECT m.id, m.action,
                           tree.complete_name || ' / ' || (m.name->>'en_US')
                      FROM ir_ui_menu m JOIN tree ON m.parent_id = tree.id)
                SELECT complete_name, split_part(action, ',', 2)::int AS action_id
                  FROM tree WHERE action LIKE 'ir.actions.act_window,%') menu
              JOIN ir_act_window action ON action.id = menu.action_id
          ORDER BY menu.complete_name
            """
        )
        return cr.fetchall()


def test_every_menu_item_opens_in_every_view(browser, url, screens):
    assert len(screens) >= 10
    broken = []
    for name, action, view_mode in screens:
        for view in view_mode.split(","):
            if view == "form":
                continue
            browser.get(f"{url}/odoo/action-{action}?view_type={view}")
            wait_until_drawn(browser)
            broken += [(name, view, error) for error in errors_shown(browser)]
    assert not broken


def test_the_first_record_of_every_menu_item_opens(browser, url, screens):
    broken, opened = [], 0
    for name, action, view_mode in screens:
        if "form" not in view_mode:
            continue
        browser.get(f"{url}/odoo/action-{action}")
        wait_until_drawn(browser)
        records = browser.find_elements(By.CSS_SELECTOR, FIRST_RECORD)
        if records:
            records[0].click()
            wait_until_drawn(browser)
            opened += 1
        broken += [(name, error) for error in errors_shown(browser)]
    assert not broken
    assert opened >= 8
