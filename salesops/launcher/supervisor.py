"""Keeps web, worker and beat running: starts again what died, with growing pauses; ends all in order."""

import signal
import subprocess
import time
from dataclasses import dataclass, field

from salesops.launcher.processes import child_setup, kill_group, tail, wait_or_kill_group
from salesops.launcher.say import say
from salesops.launcher.state import REPOSITORY, State

STEADY_SECONDS = 60.0  # a child that lived this long starts with the shortest pause again
LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class Child:
    """One long-running process of the product."""

    name: str
    command: list[str]
    grace_seconds: float
    pass_fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    due: float = 0.0  # when to start again, monotonic

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


def pause_after(deaths: int) -> float:
    """Seconds to wait before the start after this many deaths in a row: 1, 2, 4 ... 30."""
    return float(min(2 ** (deaths - 1), LONGEST_PAUSE))


@dataclass(slots=True)
class Supervisor:
    """Children in the order in which they are stopped."""

    state: State
    environ: dict[str, str]
    children: list[Child] = field(default_factory=list)

    def add(self, name: str, command: list[str], *, grace_seconds: float, pass_fds: tuple[int, ...] = ()) -> Child:
        child = Child(name, command, grace_seconds, pass_fds)
        self.children.append(child)
        self._start(child)
        return child

    def look(self) -> None:
        """Start again what died; call it a few times a second."""
        now = time.monotonic()
        for child in self.children:
            if child.running():
                if child.deaths and now - child.started > STEADY_SECONDS:
                    child.deaths = 0
            elif child.process is not None:
                self._bury(child, now)
            elif now >= child.due:
                self._start(child)

    def restart_all(self, environ: dict[str, str]) -> None:
        """The servers have new addresses: everyone starts again with them."""
        self.stop()
        self.environ = environ
        for child in self.children:
            self._start(child)

    def stop(self) -> None:
        """Ask the leaders to end, all at once, and wait for each in order; then nothing of their groups is left.

        Only the leader is told: a worker's children killed beside it would look like lost tasks.
        """
        for child in self.children:
            if child.running() and child.process is not None:
                child.process.terminate()
        told = time.monotonic()
        for child in self.children:
            if child.process is not None:
                wait_or_kill_group(child.process, seconds=told + child.grace_seconds - time.monotonic())
            child.process = None

    def kill(self) -> None:
        for child in self.children:
            if child.process is not None:
                kill_group(child.process)

    def _bury(self, child: Child, now: float) -> None:
        assert child.process is not None
        code = child.process.returncode
        kill_group(child.process)  # a worker's or web server's own children
        child.process = None
        child.deaths += 1
        pause = pause_after(child.deaths)
        child.due = now + pause
        cause = f"signal {-code}" if code < 0 else f"exit code {code}"
        log = self.state.folder / "logs" / f"{child.name}.log"
        say(f"{child.name} ended ({cause}); it starts again in {pause:.0f} s. Log: {log}")
        if child.deaths == 3:
            say(f"{child.name} died three times in a row. The end of its log:\n{tail(log)}")

    def _start(self, child: Child) -> None:
        with open(self.state.log(child.name), "ab") as log:
            child.process = subprocess.Popen(
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env=self.environ | {"SALESOPS_CHILD": child.name, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
                pass_fds=child.pass_fds,
                preexec_fn=child_setup(death_signal=signal.SIGKILL if child.name == "worker" else signal.SIGTERM),
            )
        child.started = time.monotonic()
