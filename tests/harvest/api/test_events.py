from __future__ import annotations

import pytest

from harvest.api import events


@pytest.mark.django_db  # the end of a response looks after connections
def test_few_streams_are_open_at_once_and_a_closed_one_gives_its_place_back():
    def ask():
        return events.stream(dict, lambda seen: False)

    open_ones = [ask() for _ in range(events.MOST_STREAMS)]
    assert [one.status_code for one in open_ones] == [200] * events.MOST_STREAMS
    assert ask().status_code == 204
    for one in open_ones:
        one.close()
        one.close()
    again = [ask() for _ in range(events.MOST_STREAMS + 1)]
    assert [one.status_code for one in again] == [200] * events.MOST_STREAMS + [204]
    for one in again:
        one.close()
