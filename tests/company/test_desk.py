"""What lies on the desks of billing: no screen of the demo is empty."""

import pytest

#: Each query counts what a screen of billing shows.
SCREENS = {
    "disputes that wait": "iaas_statement_dispute WHERE state = 'open'",
    "disputes with a credit": "iaas_statement_dispute WHERE credit_id IS NOT NULL",
    "disputes turned down": "iaas_statement_dispute WHERE state = 'rejected'",
    "usage after close that waits": "iaas_after_close WHERE state = 'open'",
    "usage after close, billed": "iaas_after_close WHERE state = 'corrected'",
    "usage after close, written off": "iaas_after_close WHERE state = 'written_off'",
    "corrections to post": "iaas_statement WHERE state = 'draft' "
    "AND correction_kind = 'usage'",
    "corrections posted": "iaas_statement WHERE state = 'posted' "
    "AND correction_kind = 'usage'",
    "void statements": "iaas_statement WHERE state = 'void'",
    "statements in review": "iaas_statement WHERE state = 'review'",
    "statements with the customer": "iaas_statement WHERE state = 'sent'",
    "advances": "iaas_statement WHERE kind = 'advance' AND state = 'posted'",
    "contracts set aside": "iaas_billing_blocker WHERE state = 'open'",
    "running periods that cannot be rated": "iaas_contract "
    "WHERE current_usage_problem IS NOT NULL",
    "promises that are open": "iaas_payment_promise WHERE state = 'open'",
    "promises kept": "iaas_payment_promise WHERE state = 'kept'",
    "promises broken": "iaas_payment_promise WHERE state = 'broken'",
    "annexes": "iaas_contract_annex WHERE contract_id IS NOT NULL",
    "shares to approve": "iaas_contract_revenue_share WHERE state = 'draft'",
    "shares to bill": "iaas_revenue_share_entry WHERE state = 'open'",
    "shares on a vendor bill": "iaas_revenue_share_entry WHERE state = 'invoiced'",
    "budgets with an alert": "iaas_budget WHERE level IS NOT NULL",
    "deliveries taken": "iaas_webhook_delivery WHERE state = 'done'",
    "deliveries given up": "iaas_webhook_delivery WHERE state = 'failed'",
}


@pytest.mark.parametrize("what", SCREENS)
def test_there_is_something_to_see(rows, what):
    (found,) = rows(f"SELECT count(*) AS count FROM {SCREENS[what]}")  # noqa: S608
    assert found.count


def test_a_handful_each(rows):
    """They are examples, not the company's business."""
    (found,) = rows(
        "SELECT (SELECT count(*) FROM iaas_statement_dispute) AS disputes,"
        "       (SELECT count(*) FROM iaas_payment_promise) AS promises"
    )
    assert found.disputes <= 10
    assert found.promises <= 15


def test_the_customer_of_the_portal_sees_budgets(rows):
    (found,) = rows(
        """
        SELECT count(*) AS count
          FROM iaas_budget budget
          JOIN res_users portal ON portal.partner_id = budget.contact_id
         WHERE portal.login = 'customer'
        """
    )
    assert found.count
