from __future__ import annotations

import json
import subprocess
import sys
import uuid

import psutil
import pytest

from harvest.engine_training import (
    Training,
    curve,
    end_processes,
    failure,
    folder_of,
    log_tail,
    lost,
    seconds_left,
)


@pytest.fixture
def run() -> uuid.UUID:
    id = uuid.uuid4()
    folder_of(id).mkdir(parents=True)
    return id


def tell(run: uuid.UUID, text: str) -> None:
    with (folder_of(run) / "progress.jsonl").open("a") as file:
        file.write(text)


def line(step: int) -> str:
    return (
        json.dumps({"step": step, "total": 1000, "values": {"loss": 1 / step}, "message": "", "time": ""})
        + "\n"
    )


def test_progress_is_the_last_whole_line_since_the_last_look(run):
    training = Training(folder_of(run))
    assert training.progress() is None
    tell(run, line(1) + line(2) + line(3)[:10])
    assert training.progress()["step"] == 2
    assert training.progress() is None
    tell(run, line(3)[10:])
    assert training.progress()["step"] == 3


def test_a_damaged_line_is_passed_over(run):
    tell(run, "not json\n")
    assert Training(folder_of(run)).progress() is None
    assert curve(run) == []


def test_the_time_left_follows_the_last_reports_since_the_training_went_on(run):
    def at(step: int, second: int) -> str:
        told = {"step": step, "total": 100, "values": {"loss": 1.0}, "message": ""}
        return json.dumps(told | {"time": f"2026-01-01T00:00:{second:02}+00:00"}) + "\n"

    assert seconds_left(run) is None
    tell(run, at(10, 0) + at(20, 1))
    assert seconds_left(run) == pytest.approx(8)
    tell(run, at(15, 30) + at(25, 40))
    assert seconds_left(run) == pytest.approx(75)


def test_a_curve_has_few_points_and_always_the_last(run):
    tell(run, "".join(line(step) for step in range(1, 1001)))
    points = curve(run)
    assert len(points) <= 200
    assert points[-1] == {"step": 1000, "values": {"loss": 0.001}}


def test_the_log_s_tail_names_no_folder(run):
    text = "one\n" * 100 + 'File "/srv/harvest/var/store/cases.json", line 3\nsee https://example.org/a/b\n'
    (folder_of(run) / "log.txt").write_text(text)
    tail = log_tail(run)
    assert len(tail) == 40
    assert tail[-2:] == ['File "cases.json", line 3', "see https://example.org/a/b"]
    assert log_tail(uuid.uuid4()) == []


def test_a_failure_is_told_in_the_training_s_own_words():
    assert failure(1, ["step 1", "error: The case list is empty.", "bye"]) == (
        "training_failed",
        "The case list is empty.",
    )
    assert "exit code 3" in failure(3, ["nothing"])[1]


def test_a_killed_training_was_lost_without_a_fault_of_its_own():
    assert "SIGKILL" in lost(-9, [])
    assert "SIGKILL" in lost(1, ["failed (exitcode: -9)", "traceback: Signal 9 (SIGKILL) received by PID 7"])
    assert lost(1, ["error: The loss is not finite."]) is None


def test_steps_that_are_taken_again_after_an_interruption_show_once(run):
    tell(run, line(1) + line(2) + line(3))
    tell(run, json.dumps({"step": 1, "total": 1000, "values": {}, "message": "going on after step 1"}) + "\n")
    tell(run, line(2))
    assert [point["step"] for point in curve(run)] == [1, 2]


def test_what_trains_in_a_run_s_folder_is_ended_and_nothing_else(run):
    def start(folder: object) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-c", "import time; time.sleep(60)", "--out", str(folder)]
        return subprocess.Popen(argv)

    ours, other = start(folder_of(run)), start(folder_of(uuid.uuid4()))
    try:
        end_processes(run)
        assert not psutil.pid_exists(ours.pid)
        assert other.poll() is None
        end_processes(run)  # gone already: nothing happens
    finally:
        other.kill()
        other.wait()
