"""Background jobs: one thread a job, one at a time on the device, cancelled by an event. Nothing here knows the page.

Threads never touch Streamlit; the page polls a job's plain attributes. The registry outlives a reload of the page.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from spexcore.errors import Cancelled, SpexError

Work = Callable[["Job"], Any]
_KEPT = 100  # finished jobs remembered
_LOOK = 0.1  # seconds between two looks at the stop button while waiting for the device

log = logging.getLogger("dashboard")


@dataclass(eq=False)
class Job:
    """One piece of work. state: queued, running, done, cancelled or failed; error is one sentence."""

    id: str
    state: str = "queued"
    phase: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    result: Any = None
    curve: list[tuple[int, float]] = field(default_factory=list)  # (masks known, held-out R2), as the work tells
    cancel: threading.Event = field(default_factory=threading.Event)
    enough: threading.Event = field(default_factory=threading.Event)
    _began: tuple[float, int] | None = None

    @property
    def active(self) -> bool:
        return self.state in ("queued", "running")

    def stop(self) -> None:
        """Cancel. The page has its answer at once; the thread ends at its next batch, and what was paid is kept."""
        self.cancel.set()
        if self.active:
            self.state, self.error = "cancelled", "Stopped. Ablations that were paid for are kept in the store."

    def become(self, state: str, error: str = "") -> None:
        """The next state; a job that was stopped stays stopped."""
        if self.active:
            self.state, self.error = state, error

    @property
    def share(self) -> float:
        """Part done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def report(self, phase: str, done: int, total: int) -> None:
        """Called by the work itself; the clock of the ETA starts at the first report of the run."""
        if self._began is None and total:
            self._began = (time.monotonic(), done)
        self.phase, self.done, self.total = phase, done, total

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the pace so far; None before there is one."""
        if self._began is None or self.done <= self._began[1] or not self.active:
            return None
        pace = (time.monotonic() - self._began[0]) / (self.done - self._began[1])
        return pace * (self.total - self.done)


class Jobs:
    """Every job of this server, by id."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._device = threading.Lock()

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def submit(self, job_id: str, work: Work) -> Job:
        """Start the work, or join the job that is doing it already."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None and job.active and not job.cancel.is_set():
                return job
            self._jobs.pop(job_id, None)  # a dict keeps a key's first place, and places are the queue
            job = self._jobs[job_id] = Job(job_id)
            self._forget()
        threading.Thread(target=self._run, args=(job, work), daemon=True, name=f"job-{job_id}").start()
        return job

    def ahead(self, job: Job) -> int:
        """Jobs that are running or were queued before this one."""
        with self._lock:
            before = list(self._jobs.values())
        return sum(other.active for other in before[: before.index(job)]) if job in before else 0

    def _forget(self) -> None:
        finished = [job.id for job in self._jobs.values() if not job.active]
        for job_id in finished[: max(0, len(finished) - _KEPT)]:
            del self._jobs[job_id]

    def _run(self, job: Job, work: Work) -> None:
        try:
            while not self._device.acquire(timeout=_LOOK):
                _refuse_stopped(job)
            try:
                _refuse_stopped(job)
                job.become("running")
                job.result = work(job)
                job.become("done")
            finally:
                self._device.release()
        except Cancelled as stopped:
            job.become("cancelled", str(stopped))
        except SpexError as refused:
            job.become("failed", str(refused))
        except Exception as error:  # noqa: BLE001  # the door of the thread: nobody above could say it
            log.exception("job %s", job.id)
            job.become("failed", f"Something unexpected happened ({type(error).__name__}); see dashboard.log.")


def _refuse_stopped(job: Job) -> None:
    if job.cancel.is_set():
        raise Cancelled("Stopped before it began.")
