"""Jobs run one at a time, stop when told, and end in one sentence."""

import threading
from collections.abc import Iterator

import pytest
from patience import PATIENCE

from dashboard.jobs import Job, Jobs
from spexcore.errors import BadInput, Cancelled


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What the work below waits for; opened at the end whatever happens."""
    event = threading.Event()
    yield event
    event.set()


def wait(job: Job, *states: str) -> None:
    ended = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if job.state in states:
            return
        ended.wait(0.01)
    raise AssertionError(f"job is {job.state}, not {states}")


def test_a_job_ends_with_its_result() -> None:
    job = Jobs().submit("a", lambda job: 42)
    wait(job, "done")
    assert (job.result, job.error) == (42, "")


def test_one_job_at_a_time_has_the_device(gate: threading.Event) -> None:
    jobs = Jobs()
    first = jobs.submit("a", lambda job: gate.wait(PATIENCE))
    wait(first, "running")
    second = jobs.submit("b", lambda job: "b")
    assert second.state == "queued"
    assert jobs.ahead(second) == 1
    gate.set()
    wait(second, "done")
    assert first.state == "done"


def test_a_queued_job_can_be_stopped_and_never_runs(gate: threading.Event) -> None:
    jobs, ran = Jobs(), []
    first = jobs.submit("a", lambda job: gate.wait(PATIENCE))
    wait(first, "running")
    second = jobs.submit("b", lambda job: ran.append(1))
    second.stop()
    assert second.state == "cancelled"
    gate.set()
    wait(jobs.submit("c", lambda job: None), "done")
    assert ran == []


def test_a_stopped_job_stays_stopped_when_its_work_ends_later(gate: threading.Event) -> None:
    jobs = Jobs()
    job = jobs.submit("a", lambda job: gate.wait(PATIENCE))
    wait(job, "running")
    job.report("ablating", 30, 100)
    job.stop()
    assert job.state == "cancelled"
    assert "paid for are kept" in job.error
    gate.set()
    wait(jobs.submit("b", lambda job: None), "done")
    assert job.state == "cancelled"


def test_equal_requests_join_one_job_while_it_is_active_and_start_anew_afterwards(gate: threading.Event) -> None:
    jobs = Jobs()
    first = jobs.submit("a", lambda job: gate.wait(PATIENCE))
    assert jobs.submit("a", lambda job: None) is first
    gate.set()
    wait(first, "done")
    again = jobs.submit("a", lambda job: "new")
    wait(again, "done")
    assert again.result == "new"


def test_a_known_error_is_its_own_sentence_and_frees_the_device() -> None:
    def refuse(job: Job) -> None:
        raise BadInput("`text` must hold a word.")

    jobs = Jobs()
    job = jobs.submit("a", refuse)
    wait(job, "failed")
    assert job.error == "`text` must hold a word."
    wait(jobs.submit("b", lambda job: None), "done")


def test_an_unexpected_error_hides_its_details_and_frees_the_device() -> None:
    def crash(job: Job) -> None:
        raise ZeroDivisionError("secret path")

    jobs = Jobs()
    job = jobs.submit("a", crash)
    wait(job, "failed")
    assert "ZeroDivisionError" in job.error
    assert "secret" not in job.error
    wait(jobs.submit("b", lambda job: None), "done")


def test_a_cancellation_inside_the_work_is_no_failure() -> None:
    def stop(job: Job) -> None:
        raise Cancelled("Stopped after 3 masks; they are kept.")

    job = Jobs().submit("a", stop)
    wait(job, "cancelled")
    assert job.error == "Stopped after 3 masks; they are kept."


def test_time_left_counts_from_the_first_report_so_that_the_store_does_not_flatter_it() -> None:
    job = Job("a", state="running")
    job.report("ablating", 900, 1000)
    assert job.seconds_left is None
    job.report("ablating", 950, 1000)
    assert job.seconds_left is not None
    assert job.share == 0.95


def test_finished_jobs_are_forgotten_in_the_end_and_active_ones_never(gate: threading.Event) -> None:
    jobs = Jobs()
    waiting = jobs.submit("held", lambda job: gate.wait(PATIENCE))
    wait(waiting, "running")
    for k in range(150):
        jobs.submit(f"j{k}", lambda job: None).stop()
    assert jobs.get("held") is waiting
    assert jobs.get("j0") is None
    assert jobs.get("j149") is not None
