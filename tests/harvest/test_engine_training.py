from __future__ import annotations

import json
import subprocess
import sys
import uuid

import psutil
import pytest

from harvest import engine_training
from harvest.engine_training import Training, curve, end_orphan, failure, folder_of, log_tail


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
    assert failure(-9, [])[0] == "killed"
    assert "SIGKILL" in failure(-9, [])[1]
    assert "exit code 3" in failure(3, ["nothing"])[1]


def test_an_orphan_is_ended_but_never_another_process_of_the_same_number(run):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    told = {"pid": child.pid, "created": psutil.Process(child.pid).create_time()}
    path = folder_of(run) / engine_training.PROCESS
    path.write_text(json.dumps(told | {"created": told["created"] - 5}))
    end_orphan(run)
    assert child.poll() is None
    path.write_text(json.dumps(told))
    end_orphan(run)
    assert child.wait(20) == -15
    end_orphan(run)  # gone already: nothing happens
    end_orphan(uuid.uuid4())
