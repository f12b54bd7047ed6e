import asyncio

from bot.errands import Errands


async def test_each_runs_once_however_often_it_is_found_and_no_more_than_there_are_places():
    errands, running, most, done, go = Errands(2), 0, 0, [], asyncio.Event()

    def work(name):
        async def run():
            nonlocal running, most
            running += 1
            most = max(most, running)
            await go.wait()
            running -= 1
            done.append(name)

        return run

    for _ in range(50):  # sweeps, while a platform does not answer
        for name in range(5):
            errands.start(name, work(name))
        await asyncio.sleep(0)
    go.set()
    async with errands.at_work():
        pass
    assert (sorted(done), most) == ([0, 1, 2, 3, 4], 2)


async def test_a_failure_stops_nobody_and_is_tried_again_when_it_is_found_again():
    errands, tries = Errands(1), []

    async def fails():
        tries.append(1)
        raise RuntimeError

    for _ in range(2):
        async with errands.at_work():
            errands.start("one", fails)
    assert len(tries) == 2
