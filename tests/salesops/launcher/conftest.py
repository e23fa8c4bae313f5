"""Real processes in state folders of their own; nothing of the surrounding test servers is inherited."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
_SET_BY_THE_TEST_RUN = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SALESOPS_STATE", "SALESOPS_LOCAL"}


@dataclass(frozen=True)
class Launcher:
    """Runs `python -m salesops.launcher` and manage.py for one state folder."""

    state: Path
    environ: dict[str, str]

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "salesops.launcher", *arguments]
        return self._popen(command, environ)

    def manage(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        return self._popen([sys.executable, "manage.py", *arguments], environ)

    def run(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to this state folder."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def assert_all_end(self, seconds: float = 15) -> None:
        alive = psutil.wait_procs(self.processes(), timeout=seconds)[1]
        assert [process.cmdline() for process in alive] == []
        assert [process.cmdline() for process in self.processes()] == []

    def pid_of(self, program: str) -> int:
        return next(p.pid for p in self.processes() if program in Path(p.cmdline()[0]).name and p.ppid() != 0)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            inside = Path(process.cwd()).is_relative_to(self.state)
            return inside or process.environ().get("SALESOPS_STATE") == str(self.state)
        except psutil.Error:
            return False

    def _popen(self, command: list[str], environ: dict[str, str]) -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=REPOSITORY, env=self.environ | environ, **pipes)


@pytest.fixture
def new_launcher(tmp_path: Path) -> Iterator[Callable[[str], Launcher]]:
    """Makes launchers with state folders of their own; whatever they leave is ended."""
    made: list[Launcher] = []

    def make(name: str) -> Launcher:
        inherited = {k: v for k, v in os.environ.items() if k not in _SET_BY_THE_TEST_RUN}
        folder = (tmp_path / name).resolve()
        made.append(Launcher(folder, inherited | {"SALESOPS_STATE": str(folder), "TMPDIR": str(tmp_path)}))
        return made[-1]

    yield make
    for launcher in made:
        for process in launcher.processes():
            process.send_signal(signal.SIGKILL)


@pytest.fixture
def launcher(new_launcher: Callable[[str], Launcher]) -> Launcher:
    return new_launcher("state")
