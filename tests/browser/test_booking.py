"""A booking as a person makes it: a hand on the sandbox's phone, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.phone import Phone
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    yield context.new_page()
    context.close()


def test_by_typing_in_wechat(page: Page, stack: Stack) -> None:
    phone = Phone(page, stack.sandbox_url, "wechat")
    page.get_by_test_id("follow").click()
    phone.says("不是医生")
    phone.write("挂号", expecting="您同意吗")
    phone.write("同意", expecting="姓名")
    phone.write(phone.fact("name"), expecting="身份证号")
    phone.write(phone.fact("id-number"), expecting="手机号")
    phone.write(phone.fact("phone"), expecting="验证码")
    expect(page.get_by_test_id("sms-notification")).to_be_visible()
    phone.write(phone.sms_code(stack.sandbox), expecting="核对")
    phone.write("确认", expecting="哪个科")
    phone.write("下周三上午挂心内科李静医生", expecting="请确认")
    phone.write("确认", expecting="订单号")
    expect(phone.answers.last).to_contain_text("李静")
    assert phone.fact("name") not in phone.answers.last.inner_text()


def test_by_pressing_in_telegram_with_the_page(page: Page, stack: Stack) -> None:
    phone = Phone(page, stack.sandbox_url, "telegram")
    page.get_by_test_id("start").click()
    phone.says("您同意吗")
    phone.press("同意", expecting="境外")
    phone.press("同意", expecting="您想办什么")
    phone.press("预约挂号", expecting="安全页面")
    page.get_by_test_id("link").last.click()
    form = page.frame_locator('[data-testid="webview-frame"]')
    form.get_by_label("姓名").fill(phone.fact("name"))
    form.get_by_label("证件号码").fill(phone.fact("id-number"))
    form.get_by_label("手机号").fill(phone.fact("phone"))
    form.get_by_role("button", name="获取短信验证码").click()
    expect(form.get_by_role("status")).to_contain_text("验证码已发到")
    form.get_by_label("短信验证码").fill(phone.sms_code(stack.sandbox))
    form.get_by_role("button", name="完成注册").click()
    expect(form.get_by_role("heading")).to_contain_text("注册好了")
    page.get_by_test_id("webview-close").click()
    phone.says("哪个科")
    phone.write("全科", expecting="免")
    phone.press("免", expecting="请确认")
    phone.press("确认", expecting="就诊卡")
