"""Child processes that don't outlive their parent, and ways to end them."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from salesops.launcher.problems import ServerFailed

LINUX = sys.platform == "linux"
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def child_setup(*, death_signal: signal.Signals, user_namespace: bool = False) -> Callable[[], None]:
    """What to run in the child between fork and exec.

    Args:
        death_signal: what the kernel sends the child when its parent dies (Linux only).
        user_namespace: make root look like user 1000 to the child, because postgres refuses user 0.
    """
    parent = os.getpid()

    def setup() -> None:
        if user_namespace:
            if _LIBC.unshare(_CLONE_NEWUSER):
                raise OSError(ctypes.get_errno(), "unshare")
            for name, text in (("setgroups", "deny"), ("uid_map", "1000 0 1"), ("gid_map", "1000 0 1")):
                Path("/proc/self", name).write_text(text)
        if LINUX:
            _LIBC.prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:  # the parent died before the line above
                os._exit(1)

    return setup


def free_port(wanted: int = 0) -> int:
    """`wanted` if it is free on the loopback address, else any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
        return int(probe.getsockname()[1])


def tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return ""


def wait_until_ready(process: subprocess.Popen[bytes], probe: Callable[[], bool], *, log: Path, seconds: float) -> None:
    """Poll until the probe answers.

    Raises:
        ServerFailed: the process ended or the time is over; the message holds the end of its log.
    """
    end = time.monotonic() + seconds
    while not probe():
        if process.poll() is not None or time.monotonic() > end:
            name = Path(str(process.args[0] if isinstance(process.args, list) else process.args)).name
            raise ServerFailed(f"{name} did not start. The end of {log}:\n{tail(log)}")
        time.sleep(0.05)


def end_orphans(folder: Path) -> None:
    """End servers of an earlier, killed host: they are known by their working folder.

    Safe only for the holder of the folder's lock.
    """
    mine = os.getpid()
    orphans = []
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(folder) and process.pid != mine:
            orphans.append(process)
    kill(orphans, signal.SIGQUIT if folder.name == "pg" else signal.SIGKILL)


def end_children_of(state: Path) -> int:
    """End web, worker and beat processes left by an earlier launcher of this state folder; returns how many."""
    left = []
    for process in psutil.process_iter():
        try:
            environ = process.environ()
        except (psutil.Error, OSError):
            continue
        if environ.get("SALESOPS_CHILD") and environ.get("SALESOPS_STATE") == str(state):
            left.append(process)
    kill(left, signal.SIGKILL)
    return len(left)


def kill(processes: Iterable[psutil.Process], first: signal.Signals) -> None:
    """Send the signal, wait up to 10 s, then SIGKILL what is left."""
    told = []
    for process in processes:
        try:
            process.send_signal(first)
            told.append(process)
        except psutil.Error:
            continue
    for process in psutil.wait_procs(told, timeout=10)[1]:
        try:
            process.kill()
        except psutil.Error:
            continue


def stop(process: subprocess.Popen[bytes], how: signal.Signals, *, seconds: float) -> None:
    """Ask the process to end; after the given time kill its whole group."""
    if process.poll() is not None:
        return
    process.send_signal(how)
    wait_or_kill_group(process, seconds=seconds)


def wait_or_kill_group(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Wait for the process, then end whatever is left of its group."""
    try:
        process.wait(max(seconds, 0))
    except subprocess.TimeoutExpired:
        pass  # kill_group below ends it
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a session leader and everything in its group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()  # does nothing if it ended already
    process.wait()
