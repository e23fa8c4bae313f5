"""What must hold before anything starts."""

import shutil
import socket
import sys
from pathlib import Path

from salesops.launcher.problems import NoSpace, PortTaken, WrongPython

PYTHON = (3, 11)
NEEDED_MEGABYTES = 1024


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> None:
    if version[:2] != PYTHON:
        found = ".".join(str(part) for part in version[:3])
        raise WrongPython(f"Python {PYTHON[0]}.{PYTHON[1]} is needed, this is {found}. Try: make run PYTHON=python3.11")


def check_space(folder: Path, needed_megabytes: int = NEEDED_MEGABYTES) -> None:
    free = shutil.disk_usage(folder).free // 2**20
    if free < needed_megabytes:
        raise NoSpace(
            f"{folder} has {free} MB free, {needed_megabytes} MB are needed. Free some, or set SALESOPS_STATE."
        )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket for the web server, taken before the long steps and kept while the web server restarts.

    Raises:
        PortTaken: the address can't be listened on.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except (OSError, OverflowError) as problem:
        listener.close()
        reason = getattr(problem, "strerror", None) or str(problem)
        raise PortTaken(f"{host}:{port} can't be used ({reason}). Try another: make run PORT={port + 1}") from None
    return listener
