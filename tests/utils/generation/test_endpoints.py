from types import SimpleNamespace
from typing import Any

from utils.generation.endpoints import FAILURES_BEFORE_REST, Endpoints


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def servers(count: int) -> tuple[Any, Clock]:
    clock = Clock()
    clients: Any = [SimpleNamespace(name=number) for number in range(count)]
    return Endpoints(clients, clock), clock


def fail(endpoints: Any, endpoint: Any, times: int) -> None:
    for _ in range(times):
        endpoints.note_failure(endpoint, None)


def test_the_least_busy_goes_next() -> None:
    endpoints, _ = servers(3)
    for load, endpoint in zip((3, 1, 2), endpoints._all, strict=True):
        endpoint.in_flight = load
    assert endpoints.pick().client.name == 1


def test_a_conversation_stays_where_its_prefix_is_cached() -> None:
    endpoints, _ = servers(2)
    busy = endpoints._all[0]
    busy.in_flight = 9
    assert endpoints.pick(preferred=busy) is busy


def test_the_one_that_has_just_failed_goes_last() -> None:
    endpoints, _ = servers(2)
    idle, busy = endpoints._all
    busy.in_flight = 9
    assert endpoints.pick(avoided=idle) is busy
    alone, _ = servers(1)
    assert alone.pick(avoided=alone._all[0]) is alone._all[0]


def test_a_failing_server_rests_and_comes_back_by_a_single_trial() -> None:
    endpoints, clock = servers(2)
    bad, good = endpoints._all
    good.in_flight = 50
    fail(endpoints, bad, FAILURES_BEFORE_REST)
    assert endpoints.pick() is good
    clock.now = 5.1
    assert endpoints.pick() is bad
    bad.in_flight = 1
    assert endpoints.pick() is good, "one request tries it out"
    bad.in_flight = 0
    endpoints.note_success(bad)
    bad.in_flight = 20
    assert endpoints.pick() is bad


def test_a_failed_trial_doubles_the_rest_up_to_a_minute() -> None:
    endpoints, clock = servers(2)
    bad = endpoints._all[0]
    fail(endpoints, bad, FAILURES_BEFORE_REST)
    rests = []
    for _ in range(2000):
        clock.now = bad.ready_at
        endpoints.note_failure(bad, None)
        rests.append(bad.ready_at - clock.now)
    assert rests[:5] == [10, 20, 40, 60, 60] and set(rests[5:]) == {60}


def test_failures_of_what_was_sent_before_the_rest_say_nothing_new() -> None:
    endpoints, _ = servers(2)
    bad = endpoints._all[0]
    fail(endpoints, bad, 100)
    assert bad.ready_at == 5.0


def test_one_bad_answer_in_five_is_no_reason_to_rest() -> None:
    endpoints, _ = servers(2)
    endpoint = endpoints._all[0]
    for _ in range(1000):
        fail(endpoints, endpoint, 1)
        for _ in range(4):
            endpoints.note_success(endpoint)
    assert endpoint.ready_at == 0.0


def test_an_only_server_never_rests_for_failures() -> None:
    endpoints, _ = servers(1)
    fail(endpoints, endpoints._all[0], 100)
    assert endpoints.pick() is endpoints._all[0]


def test_a_server_that_throttles_all_is_left_alone_for_as_long_as_it_says() -> None:
    endpoints, clock = servers(1)
    for _ in range(2):
        endpoints.note_failure(endpoints._all[0], 7.0)
    assert endpoints.pick() is endpoints._all[0], "now and then is not always"
    endpoints.note_failure(endpoints._all[0], 7.0)
    assert endpoints.pick() is None and endpoints.wait() == 7.0
    clock.now = 7.0
    assert endpoints.pick() is endpoints._all[0] and endpoints.wait() == 0.0
