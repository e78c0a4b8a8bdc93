"""Work that threads share is done once, in its order, whoever does it."""

import multiprocessing
import threading

import pytest
from stackyard.numerics import threads
from stackyard.numerics.threads import on_all_cores


@pytest.fixture(autouse=True)
def four_cores(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 4)
    threads._helpers.cache_clear()
    yield
    threads._helpers.cache_clear()


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_each_item_is_worked_on_once_and_keeps_its_place(count):
    seen = []
    made = on_all_cores(lambda number: seen.append(number) or -number, range(count))

    assert made == [-number for number in range(count)]
    assert sorted(seen) == list(range(count))


def test_several_threads_work_at_once():
    meeting = threading.Barrier(4, timeout=60)
    on_all_cores(lambda _: meeting.wait(), range(4))


def test_work_may_share_out_work_of_its_own():
    found = on_all_cores(lambda row: sum(on_all_cores(lambda column: row * column, range(20))), range(20))
    assert found == [190 * row for row in range(20)]


@pytest.mark.parametrize("bad", [0, 7])
def test_an_error_is_raised_whichever_thread_meets_it(bad):
    def work(number):
        if number == bad:
            raise ZeroDivisionError
        return number

    with pytest.raises(ZeroDivisionError):
        on_all_cores(work, range(8))
    assert on_all_cores(str, range(3)) == ["0", "1", "2"]


def _ask(answers):
    answers.put(on_all_cores(abs, [-1, -2, -3, -4]))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")  # Python 3.12 warns, rightly: it is what is tried
def test_a_fork_has_threads_of_its_own():
    context = multiprocessing.get_context("fork")
    on_all_cores(abs, range(8))
    answers = context.SimpleQueue()
    child = context.Process(target=_ask, args=(answers,))
    child.start()
    assert answers.get() == [1, 2, 3, 4]
    child.join()
