"""How a command gets its servers: those of the environment, else the running embedded ones, else started for it."""

import os
import subprocess
import sys
import time
from io import TextIOWrapper

from salesops.launcher import postgres, valkey
from salesops.launcher.problems import ServerFailed
from salesops.launcher.processes import tail
from salesops.launcher.state import REPOSITORY, SERVER_VARIABLES, State, is_locked, lock, state_folder
from salesops.launcher.throwaway import with_path_of_python

ANSWERS = {"DATABASE_URL": postgres.answers, "REDIS_URL": valkey.answers}
START_SECONDS = 90
# manage.py commands that read no table and send no task.
WITHOUT_SERVERS = frozenset(
    ["check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages"]
    + ["startapp", "startproject", "version", "forecast"]
)


def missing_variables() -> list[str]:
    return [name for name in SERVER_VARIABLES if not os.environ.get(name, "").strip()]


def needs_servers(arguments: list[str]) -> bool:
    """False for manage.py arguments that work without database and broker."""
    if not arguments or {"-h", "--help", "--version"} & set(arguments):
        return False
    return arguments[0] not in WITHOUT_SERVERS or "--database" in arguments


class Use:
    """A share in the embedded servers; they run at least until it is closed."""

    def __init__(self, state: State, held: TextIOWrapper, urls: dict[str, str]) -> None:
        self.state = state
        self.urls = urls
        self._held = held

    def close(self) -> None:
        self._held.close()

    def outlive_exec(self) -> None:
        """Let a program that replaces this one keep the share until it ends."""
        os.set_inheritable(self._held.fileno(), True)


def use_servers(state: State, variables: list[str]) -> Use:
    """Take a share in the embedded servers of these variables, starting them if nobody has.

    Raises:
        ServerFailed: they could not be started, or run without one of those asked for.
    """
    held = lock(state.users_lock, shared=True, wait=True)  # waits while an earlier host is stopping
    end = time.monotonic() + START_SECONDS
    starter: subprocess.Popen[bytes] | None = None
    while time.monotonic() < end:
        urls = running_servers(state)
        if urls is not None:
            if missing := set(variables) - set(urls):
                raise ServerFailed(
                    f"The servers running for {state.folder} were started with {', '.join(sorted(missing))} given: "
                    "give it here too, or stop them first."
                )
            return Use(state, held, {name: urls[name] for name in variables})
        if starter is None and not is_locked(state.host_lock):
            starter = _start_host(state, variables)
        elif starter is not None and starter.poll() is not None:
            if starter.returncode:
                raise ServerFailed(_reason(state))
            starter = None
        time.sleep(0.05)
    raise ServerFailed(f"The embedded servers did not answer within {START_SECONDS} s. See {state.folder / 'logs'}.")


def running_servers(state: State) -> dict[str, str] | None:
    """Addresses of the embedded servers, each tried by connecting; None if there are none or one does not answer."""
    found = state.read("servers.json")
    urls = {name: str(found[name]) for name in SERVER_VARIABLES if name in found}
    if not urls or not is_locked(state.host_lock):
        return None
    return urls if all(ANSWERS[name](url) for name, url in urls.items()) else None


def local_environment(state: State, urls: dict[str, str]) -> dict[str, str]:
    """Variables for a program that uses embedded servers; what the environment already says stays."""
    values = urls | {"SALESOPS_STATE": str(state.folder)}
    if not os.environ.get("SECRET_KEY"):
        values["SECRET_KEY"] = state.secret("secret.key")
    if not os.environ.get("SALESOPS_LOCAL"):
        values["SALESOPS_LOCAL"] = "1"
    return values


def attach() -> Use | None:
    """Give this process its servers through os.environ; None if the environment names them all."""
    missing = missing_variables()
    if not missing:
        return None
    state = State.opened(state_folder(os.environ))
    use = use_servers(state, missing)
    os.environ.update(local_environment(state, use.urls))
    return use


def local_defaults() -> None:
    """Settings for a command that needs no server and none of whose servers is named: enough to load Django."""
    if missing_variables():
        os.environ.setdefault("SALESOPS_LOCAL", "1")


def replace_by(command: list[str]) -> int:
    """Become the command, with servers; the share ends with the command. Returns only if it can't start."""
    use = attach()
    if use is not None:
        use.outlive_exec()
    try:
        os.execvpe(command[0], command, with_path_of_python(os.environ))  # noqa: S606 - the caller's command
    except OSError as problem:
        print(f"{command[0]}: {problem.strerror}", file=sys.stderr)
        return 127


def _start_host(state: State, variables: list[str]) -> subprocess.Popen[bytes]:
    log = state.log("host")
    log.write_bytes(b"")
    environ = {k: v for k, v in os.environ.items() if k not in SERVER_VARIABLES} | {"SALESOPS_STATE": str(state.folder)}
    with open(log, "ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "salesops.launcher", "host", *variables],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=REPOSITORY,
            env=environ,
            start_new_session=True,
        )


def _reason(state: State) -> str:
    return tail(state.folder / "logs/host.log") or f"The embedded servers did not start. See {state.folder / 'logs'}."
