"""What became of open payments, of which no callback told: the platform is asked, and what nobody is to pay any more is
closed there."""

from __future__ import annotations

from bot.payments.patience import each
from integrations import cashier
from integrations.hospital.billing import open_payments
from integrations.hospital.billing.open_payments import PaymentTask
from integrations.hospital.models import FoundBy
from integrations.runtime import Runtime

_MOST = 20  # at once: what is taken up while a platform is silent waits for its next turn


async def ask_open(rt: Runtime) -> None:
    """Asks about all that is due, or until a platform does not answer."""

    async def ask(task: PaymentTask) -> None:
        vendor = rt.payments.get(task.platform)
        if vendor is None:
            return  # it was set up once
        if task.payable:
            news = await cashier.query(rt, vendor, task.out_trade_no)
            await cashier.take_note(rt, task.platform, news, FoundBy.QUERY)
        else:
            await cashier.close(rt, vendor, task.out_trade_no, FoundBy.QUERY)

    while True:
        async with rt.database.begin() as session:
            tasks = await open_payments.claim(session, rt.now(), _MOST)
        if not tasks or not await each(tasks, ask):
            return
