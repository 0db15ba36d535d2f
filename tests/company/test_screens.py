"""Every screen of the IaaS app opens in a real browser and shows no error."""

import pytest

from dev.browser import click, errors_shown, wait_until_drawn

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


def test_every_screen_opens_in_every_view(browser, url, screens):
    """Each menu item, each of its views, and the first record that it lists."""
    broken, opened = [], 0
    for name, action, view_mode in screens:
        browser.get(f"{url}/odoo/action-{action}")
        wait_until_drawn(browser)
        broken += [(name, error) for error in errors_shown(browser)]
        views = view_mode.split(",")
        first = views[0]
        for view in [view for view in views[1:] if view != "form"] + [first]:
            if click(browser, f".o_switch_view.o_{view}"):
                broken += [(name, view, error) for error in errors_shown(browser)]
        if "form" in views and click(browser, FIRST_RECORD):
            opened += 1
            broken += [(name, "form", error) for error in errors_shown(browser)]
    assert not broken
    assert len(screens) >= 20
    assert opened >= 15
