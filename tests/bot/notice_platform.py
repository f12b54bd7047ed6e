"""A platform that takes prepared notices, for the tests of notices and of the news that become notices."""

from datetime import timedelta

from bot import delivery, notice_delivery, sweep
from tests.bot.conftest import RationedPlatform


class NoticePlatform(RationedPlatform):
    """A platform with rations that also takes prepared notices."""

    takes_notices = True
    asks_permission = False
    same_notice_for = timedelta(minutes=8)

    def __init__(self):
        super().__init__()
        self.notices, self.notice_fail = [], []
        self.templates = {"hold_expired": "T1", "appointment_booked": "T2", "identity_settled": "T3"}

    def notice_template(self, kind):
        return self.templates.get(kind)

    async def notify(self, recipient, notice, *, client_id):
        error = self.notice_fail.pop(0) if self.notice_fail else None
        self.notices.append((notice.kind, client_id, recipient))
        if error:
            raise error
        return f"n{len(self.notices)}"


async def notify(rt, conversation):
    """As the sweep and its tasks do."""
    found = await sweep.find(rt)
    for due in found.notices:
        await notice_delivery.deliver(rt, due)
    for due in found.deliveries + found.turns:
        await delivery.deliver(rt, due)
