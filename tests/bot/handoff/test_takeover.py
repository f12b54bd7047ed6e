"""A person takes over while the bot's replies are on their way."""

from tests.bench.takeover import measure


async def test_after_a_takeover_is_confirmed_nothing_of_the_bot_s_is_sent(rt, telegram, message):
    found = await measure(rt, telegram, message, conversations=8, replies=4)
    assert found.sent_after == 0
    assert found.sent_before > 0
    assert found.sent_before + found.dropped == 32
