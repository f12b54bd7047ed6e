"""WeChat's payment sheet over a page that asked for a payment."""

from __future__ import annotations

from functools import partial

from nicegui import ui

from integrations.sandbox.alipay.trades import yuan
from integrations.sandbox.people import Person
from integrations.sandbox.phone.parts import box, icon_button, mark, words
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.sheets import Sheet
from integrations.sandbox.world import World


class PaymentSheet:
    """Draws into `place` whatever sheet is open for the person; the patient pays, or closes it."""

    def __init__(self, world: World, place: ui.element) -> None:
        self._world, self._place = world, place
        self._shown: Sheet | None = None
        self._over = False  # the word about the outcome is still there

    def refresh(self, person: Person) -> None:
        user = self._world.account.user_of(person)
        sheet = self._world.wechatpay.sheets.of(user.openid) if user else None
        if sheet is self._shown:
            return
        self._shown = sheet
        if sheet is not None:
            self._draw(sheet)
        elif not self._over:
            self._place.clear()

    def clear(self, person: Person) -> None:
        """The page behind it was closed."""
        if user := self._world.account.user_of(person):
            self._world.wechatpay.sheets.dismiss(user.openid)
        self._done()

    def _draw(self, sheet: Sheet) -> None:
        self._over = False
        self._place.clear()
        with self._place, box("sheet-shade"), box("sheet", "payment-sheet"):
            with box("sheet-head"):
                icon_button("close", "sheet-cancel", "取消", partial(self._turn_away, sheet))
                words("微信支付", "sheet-title")
            words(self._world.wechatpay.keys.merchant.name, "sheet-payee", "sheet-merchant")
            words(f"¥{yuan(sheet.trade.amount_fen)}", "sheet-amount", "sheet-amount")
            for title, value in (("商品", sheet.trade.description), ("付款方式", "零钱")):
                with box("sheet-line"):
                    words(title, "sheet-label")
                    words(value, "sheet-value")
            button = mark(box("sheet-pay", tag="button").props("type=button"), "sheet-pay")
            with button:
                words("确认支付")
            button.on("click", partial(self._pay, sheet))
            cancel = mark(box("sheet-less", tag="button").props("type=button"), "sheet-turn-away")
            with cancel:
                words("取消")
            cancel.on("click", partial(self._turn_away, sheet))

    def _pay(self, sheet: Sheet) -> None:
        try:
            self._world.wechatpay.sheets.accept(sheet.openid)
        except (PayError, LookupError) as error:
            message = error.message if isinstance(error, PayError) else "支付会话已过期"
            self._world.wechatpay.sheets.dismiss(sheet.openid)
            self._tell("error", message, "")
            return
        self._tell("check_circle", "支付成功", f"¥{yuan(sheet.trade.amount_fen)}")

    def _turn_away(self, sheet: Sheet) -> None:
        self._world.wechatpay.sheets.dismiss(sheet.openid)
        self._done()

    def _tell(self, icon: str, title: str, amount: str) -> None:
        self._over = True
        self._place.clear()
        with self._place, box("sheet-shade"), box("sheet outcome", "payment-outcome"):
            ui.icon(icon).classes(f"outcome-icon {icon}")
            words(title, "outcome-title")
            if amount:
                words(self._world.wechatpay.keys.merchant.name, "sheet-payee")
                words(amount, "sheet-amount")
            button = mark(box("sheet-pay", tag="button").props("type=button"), "sheet-done")
            with button:
                words("完成")
            button.on("click", self._done)

    def _done(self) -> None:
        self._over = False
        self._place.clear()
