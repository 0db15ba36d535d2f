"""Nothing twice, nothing lost: the company's books against its usage."""

from decimal import Decimal

CENT = Decimal("0.01")


def test_statements_of_a_contract_do_not_overlap(rows):
    """One contract and period, one statement ("Never twice"), and one in advance."""
    overlapping = rows(
        """
        SELECT a.name, b.name AS other
          FROM iaas_statement a
          JOIN iaas_statement b ON a.contract_id = b.contract_id AND a.id < b.id
                               AND a.kind = b.kind
         WHERE a.correction_of_id IS NULL AND b.correction_of_id IS NULL
           AND a.state <> 'void' AND b.state <> 'void'
           AND tsrange(a.period_start, a.period_end)
            && tsrange(b.period_start, b.period_end)
        """
    )
    assert not overlapping


def test_every_posted_statement_has_one_posted_invoice_of_its_amount(rows):
    """R64, R65: what was rated is what was invoiced, before tax, to the cent."""
    statements = rows(
        """
        SELECT s.name, s.amount_untaxed AS amount, count(m.id) AS invoices,
               COALESCE(sum(CASE m.move_type WHEN 'out_refund' THEN -m.amount_untaxed
                                 ELSE m.amount_untaxed END), 0) AS invoiced,
               bool_and(m.state = 'posted') AS posted
          FROM iaas_statement s
     LEFT JOIN account_move m ON m.iaas_statement_id = s.id
         WHERE s.state = 'posted'
      GROUP BY s.id
        """
    )
    assert statements
    wrong = [
        statement
        for statement in statements
        if abs(statement.amount - statement.invoiced) >= CENT
        or (statement.amount and (statement.invoices != 1 or not statement.posted))
    ]
    assert not wrong


def test_lines_add_up_to_their_statement(rows):
    wrong = rows(
        """
        SELECT s.name, s.amount_untaxed, sum(l.amount) AS lines
          FROM iaas_statement s JOIN iaas_statement_line l ON l.statement_id = s.id
      GROUP BY s.id HAVING s.amount_untaxed <> sum(l.amount)
        """
    )
    assert not wrong


def test_usage_is_counted_once_and_whole(rows):
    """Every event inside a billed period of its resource stands on one statement, or
    on a correction of it; what came in late waits. Events of archived months are in
    the daily sums alone."""
    (usage,) = rows(
        """
        WITH archived AS (
            SELECT COALESCE(max(month) + interval '1 month', '-infinity') AS until
              FROM iaas_usage_archive),
        period AS (
            SELECT *
              FROM iaas_statement s
             WHERE state = 'posted' AND correction_of_id IS NULL AND kind = 'regular'
               AND NOT EXISTS (SELECT FROM iaas_after_close late
                                WHERE late.statement_id = s.id
                                  AND late.state = 'open')),
        billed AS (
            SELECT d.quantity AS value
              FROM iaas_usage_daily d
              JOIN archived ON d.day < archived.until
              JOIN iaas_meter m ON m.id = d.meter_id AND m.aggregation = 'sum'
              JOIN iaas_resource r ON r.id = d.resource_id
              JOIN period s ON s.contract_id = r.contract_id
                           AND d.day BETWEEN s.date_from AND s.date_to
             UNION ALL
            SELECT e.value
              FROM iaas_usage_event e
              JOIN iaas_meter m ON m.id = e.meter_id AND m.aggregation = 'sum'
              JOIN iaas_resource r ON r.id = e.resource_id
              JOIN period s ON s.contract_id = r.contract_id
                           AND e.time >= s.period_start AND e.time < s.period_end
              JOIN archived ON e.time >= archived.until)
        SELECT (SELECT sum(value) FROM billed) AS used,
               (SELECT sum(l.quantity)
                  FROM iaas_statement_line l
                  JOIN iaas_statement s ON s.id = l.statement_id AND s.state = 'posted'
                  JOIN period ON period.id = COALESCE(s.correction_of_id, s.id)
                  JOIN iaas_meter m ON m.id = l.meter_id AND m.aggregation = 'sum')
               AS charged
        """
    )
    assert usage.used
    assert usage.used == usage.charged


def test_invoices_are_short_and_partly_paid(rows):
    """Detail stays on the statement; the company has paid and unpaid invoices."""
    invoices = rows(
        """
        SELECT m.payment_state, count(*) AS invoices, max(
                   (SELECT count(*) FROM account_move_line l
                     WHERE l.move_id = m.id AND l.display_type = 'product')) AS longest
          FROM account_move m
         WHERE m.iaas_statement_id IS NOT NULL AND m.state = 'posted'
      GROUP BY m.payment_state
        """
    )
    by_state = {row.payment_state: row for row in invoices}
    assert by_state["paid"].invoices or by_state["in_payment"].invoices
    assert by_state["not_paid"].invoices
    assert max(row.longest for row in invoices) <= 12
