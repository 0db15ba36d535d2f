from decimal import Decimal

from odoo.addons.iaas_contract.pricing import base_amount
from odoo.addons.iaas_contract.pricing.numbers import HUNDREDTH, ZERO, exact


class Charges:
    """What one resource comes to over the slices of a period, in their order.

    As long as the price stays the same its quantities are cumulated: tiers, packages
    and free units count through the period, wherever a discount begins or ends.
    Another price begins anew, as does what follows a free trial: what was free counts
    for nothing. The maximum and the minimum hold for the period.
    """

    def __init__(self):
        self._charged = ZERO
        self._price = self._is_trial = None

    def add(self, price, quantity, events, discount_percent, is_last, is_trial=False):
        """Charge the next slice.

        :param price: ``pricing.Price``
        :param events: ``(time, amount)`` pairs for the models that read them
        :return: the quantity counted before at this price, the list amount and the
            charged amount of the slice; less than zero where a volume tier that is
            reached makes the units before it cheaper
        """
        if (price, is_trial) != (self._price, self._is_trial):
            self._begin(price)
            self._is_trial = is_trial
        before = self._quantity
        with exact():
            self._quantity += quantity
            self._events += events
            total = base_amount(price, self._quantity, self._events)
            listed = total - self._listed
            self._listed = total
            self._discounted += listed * (100 - discount_percent) * HUNDREDTH
            due = self._discounted
            if price.max_amount is not None:
                due = min(due, max(price.max_amount - self._charged_before, ZERO))
            charged = self._charged_before + due - self._charged
            if is_last:
                charged = max(charged, price.min_amount - self._charged)
            self._charged += charged
        return before, listed, charged

    def _begin(self, price):
        self._price = price
        self._charged_before = self._charged
        self._quantity = self._listed = self._discounted = Decimal(0)
        self._events = []
