"""The manage.py steps of a start, run as children that end with the launcher."""

import signal
import subprocess
import sys
from collections.abc import Callable

from salesops.launcher.problems import StepFailed
from salesops.launcher.processes import child_setup, tail
from salesops.launcher.say import clear_progress, say, show_progress
from salesops.launcher.state import REPOSITORY, State


class Manage:
    """Runs manage.py commands in one environment and ends those still running."""

    def __init__(self, state: State, environ: dict[str, str]) -> None:
        self.state = state
        self.environ = environ
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str, output: int | None = None) -> subprocess.Popen[bytes]:
        """Start a command; its errors go to logs/setup.log when its output is piped, else to the terminal."""
        with open(self.state.log("setup"), "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                cwd=REPOSITORY,
                env=self.environ | {"SALESOPS_CHILD": "setup", "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
                preexec_fn=child_setup(death_signal=signal.SIGTERM),
            )
        self._running.append(process)
        return process

    def finish(self, process: subprocess.Popen[bytes], what: str, on_line: Callable[[str], None] | None = None) -> None:
        """Wait for a command, handing on its lines.

        Raises:
            StepFailed: it ended with another code than 0; the message holds the end of the log.
        """
        if process.stdout is not None:
            for line in process.stdout:
                if on_line:
                    on_line(line.decode(errors="replace").strip())
        if process.wait():
            clear_progress()
            raise StepFailed(f"{what} failed. The end of {self.state.log('setup')}:\n{tail(self.state.log('setup'))}")

    def text_of(self, *arguments: str) -> str:
        """The standard output of a command, empty if it failed."""
        process = self.start(*arguments, output=subprocess.PIPE)
        output = process.communicate()[0].decode(errors="replace").strip()
        return output if process.returncode == 0 else ""

    def stop(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.kill()
                process.wait()


def migrate(manage: Manage) -> None:
    applied = 0

    def count(line: str) -> None:
        nonlocal applied
        if line.startswith("Applying"):
            applied += 1
            show_progress(f"migrations: {applied} applied")

    manage.finish(manage.start("migrate", "--no-input", "--no-color", output=subprocess.PIPE), "migrate", count)
    clear_progress()
    say(f"database: {applied} migrations applied" if applied else "database: tables are up to date")
