"""Many questions at once, of which one goes wrong."""

from dataclasses import dataclass

from bot.payments.patience import each
from integrations.money import Platform
from integrations.payment.interface import Unavailable


@dataclass
class Question:
    number: int
    platform: Platform = Platform.WECHATPAY


async def test_one_that_fails_stops_no_other():
    done = []

    async def ask(question: Question) -> None:
        if question.number == 0:
            raise ValueError("a row that nobody thought of")
        done.append(question.number)

    assert await each([Question(number) for number in range(9)], ask)
    assert sorted(done) == list(range(1, 9))


async def test_a_platform_that_is_silent_is_left_alone_and_the_other_one_asked():
    asked = []

    async def ask(question: Question) -> None:
        asked.append(question.platform)
        if question.platform is Platform.ALIPAY:
            raise Unavailable("no answer")

    questions = [Question(number, platform) for platform in Platform for number in range(20)]
    assert not await each(questions, ask)
    assert asked.count(Platform.WECHATPAY) == 20
    assert asked.count(Platform.ALIPAY) < 10
