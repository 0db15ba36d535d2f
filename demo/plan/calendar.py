"""The closed months of the demo, all relative to the last closed day."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta


def month_end(day):
    """The last day of the month that holds ``day``."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day, months):
    """``day`` moved by whole months, clamped to the length of the month it lands in."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def last_closed_month(today):
    """The last day of the month before ``today``."""
    return today.replace(day=1) - timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """``months`` closed months up to ``until``, and the open month up to ``today``."""

    until: date
    months: int
    today: date

    def __post_init__(self):
        if self.until != month_end(self.until):
            raise ValueError(f"--until {self.until} is not the last day of a month")
        if self.months < 1:
            raise ValueError("--months must be at least 1")

    @property
    def start(self):
        """The first day of the first closed month."""
        return add_months(self.until.replace(day=1), 1 - self.months)

    @property
    def month_ends(self):
        """The last day of each closed month, oldest first."""
        return [month_end(add_months(self.start, n)) for n in range(self.months)]

    @property
    def usage_end(self):
        """The last day with usage: yesterday, at most a month after ``until``."""
        open_month_end = month_end(self.until + timedelta(days=1))
        yesterday = self.today - timedelta(days=1)
        return max(self.until, min(yesterday, open_month_end))
