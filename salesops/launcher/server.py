"""One running embedded server, whichever kind it is."""

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from salesops.launcher.processes import stop


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    process: subprocess.Popen[bytes]
    url: str
    stop_signal: signal.Signals
    outside: Path | None = None  # a folder it needed outside the state folder

    def stop(self) -> None:
        stop(self.process, self.stop_signal, seconds=30)
