"""What a customer pays together."""

from datetime import timedelta

# Late invoices whose payments would fall into so many days are paid together.
ARREARS_DAYS = 40


def transfers(owed, until):
    """One transfer for each invoice; who is late clears the arrears in one.

    Left out are arrears that an invoice still to come may join.

    :param owed: the customer's (day, invoice, whether late)
    :param until: day up to which every payment is among these
    :return: (day, invoices) of each transfer
    """
    result, arrears = [], []
    for day, invoice, is_late in sorted(owed):
        if is_late and arrears and day <= arrears[0][0] + timedelta(ARREARS_DAYS):
            arrears.append((day, invoice))
            continue
        transfer = [(day, invoice)]
        if is_late:
            arrears = transfer
        result.append((is_late, transfer))
    last_start = until - timedelta(ARREARS_DAYS)
    return [
        (paid[-1][0], [invoice for _day, invoice in paid])
        for is_late, paid in result
        if not is_late or paid[0][0] <= last_start
    ]
