"""`make run`: everything on one machine under one command."""

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from io import TextIOWrapper
from types import FrameType

from salesops.launcher.checks import check_python, check_space, listen
from salesops.launcher.problems import AlreadyRunning, StepFailed
from salesops.launcher.processes import end_children_of
from salesops.launcher.progress import Steps, static_files, static_root
from salesops.launcher.say import say
from salesops.launcher.sharing import Use, local_environment, missing_variables, use_servers
from salesops.launcher.state import State, Taken, is_locked, lock, state_folder
from salesops.launcher.steps import Manage, migrate
from salesops.launcher.supervisor import Supervisor
from salesops.launcher.throwaway import with_path_of_python

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Without the pages of packages that we do not show; compressing them would take longer than all of ours.
COLLECT = ("--no-input", "--verbosity", "0", "--ignore", "redoc", "--ignore", "rest_framework")
QUEUES = "interactive,nightly,heavy"


class Stopped(Exception):
    """Someone asked the product to stop."""


def run(arguments: list[str]) -> int:
    """Start everything, keep it running until a signal comes, stop it."""
    options = _options(arguments)
    check_python()
    state = State.opened(state_folder(os.environ))
    held = _only_one(state, options)
    try:
        check_space(state.folder)
        if left := end_children_of(state.folder):
            say(f"ended {left} processes left by an earlier start")
        with listen(options.host, options.port) as listener:
            return _Run(state, options, listener).go()
    finally:
        held.close()


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m salesops.launcher run")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    parser.add_argument("--host", default="127.0.0.1")
    empty = os.environ.get("EMPTY", "") not in ("", "0")
    parser.add_argument("--empty", action="store_true", default=empty, help="no demo company")
    return parser.parse_args(arguments)


def _address(options: argparse.Namespace) -> str:
    host = f"[{options.host}]" if ":" in options.host else options.host
    return f"http://{host}:{options.port}"


def _only_one(state: State, options: argparse.Namespace) -> TextIOWrapper:
    try:
        held = lock(state.run_lock)
    except Taken:
        other = state.read("run.json")
        raise AlreadyRunning(
            f"Already running at {other.get('url', 'an unknown address')} (pid {other.get('pid', '?')}), "
            f"state folder {state.folder}. Stop it, or set SALESOPS_STATE and PORT for a second one."
        ) from None
    state.write("run.json", {"pid": os.getpid(), "url": _address(options)})
    return held


class _Run:
    def __init__(self, state: State, options: argparse.Namespace, listener: socket.socket) -> None:
        self.state = state
        self.options = options
        self.listener = listener
        self.missing = missing_variables()
        self.use: Use | None = None
        self.supervisor = Supervisor(state, {})
        self.manage = Manage(state, {})
        self.nightly: subprocess.Popen[bytes] | None = None
        self.steps: Steps | None = None
        self.stopping = False

    def go(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        try:
            self._start()
            self._keep()
        except Stopped:
            pass  # the usual end
        finally:
            self.stopping = True
            self._stop()
        return 0

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        if self.stopping:
            self.supervisor.kill()  # asked twice: no more patience
            return
        self.stopping = True
        raise Stopped

    # --- start ------------------------------------------------------------------------------
    def _start(self) -> None:
        self._take_servers()
        environ = self._environment()
        self.manage.environ = environ
        self.supervisor.environ = environ
        self.steps = steps = Steps(self.state, environ["DATABASE_URL"])
        self._prepare(steps)
        self._start_children()
        self._wait_for_web()
        self._announce(steps)
        if steps.value("demo") == "done" and steps.value("nightly") != "done":
            say("first nightly: facts, KPIs and forecasts are computed by the worker; pages fill as it goes")
            self.nightly = self.manage.start("nightly", "--enqueue", "--wait")

    def _take_servers(self) -> None:
        if not self.missing:
            say("database and broker: those named by DATABASE_URL and REDIS_URL")
            return
        self.use = use_servers(self.state, self.missing)
        names = {"DATABASE_URL": "PostgreSQL 18", "REDIS_URL": "Valkey"}
        say(f"embedded {' and '.join(names[name] for name in self.missing)} ready in {self.state.folder}")

    def _environment(self) -> dict[str, str]:
        urls = self.use.urls if self.use else {}
        environ = with_path_of_python(os.environ) | local_environment(self.state, urls)
        environ["DJANGO_SETTINGS_MODULE"] = "salesops.settings"
        if self.options.host not in LOOPBACK and not os.environ.get("SALESOPS_LOCAL"):
            del environ["SALESOPS_LOCAL"]  # open to others: the settings ask for ALLOWED_HOSTS and more
        return environ

    def _prepare(self, steps: Steps) -> None:
        """Migrations, demo company and static files, each only when something changed."""
        files = static_files()
        stamp = self.state.folder / "static.fingerprint"
        known = stamp.read_text() if stamp.exists() and static_root(self.state).exists() else ""
        debug = os.environ.get("DEBUG", "").strip().lower() in {"1", "true", "yes", "on"}  # served from the sources
        collecting = None if debug or known == files else self.manage.start("collectstatic", *COLLECT)
        if steps.value("schema") != steps.schema():
            migrate(self.manage)
            steps.record("schema", steps.schema())
        self._demo_company(steps)
        if collecting is not None:  # it ran beside the steps above
            self.manage.finish(collecting, "collectstatic")
            stamp.write_text(files)
            say("static files are collected")

    def _demo_company(self, steps: Steps) -> None:
        """Load the demo company on the first start; a killed load is done again, it changes nothing twice."""
        known = steps.value("demo")
        if self.options.empty or known == "done" or (steps.has_users() and known != "started"):
            return
        say("first start: making and loading the demo company")
        steps.record("demo", "started")
        self.manage.finish(self.manage.start("demo_company", "--seed", "7", "--size", "small"), "demo_company")
        steps.record("demo", "done")

    def _start_children(self) -> None:
        bind = f"fd://{self.listener.fileno()}"
        python, logs = sys.executable, ["--access-logfile", "-", "--error-logfile", "-"]
        web = [python, "-m", "gunicorn", "salesops.wsgi:application", "--bind", bind, "--worker-class", "gthread"]
        web += ["--workers", "2", "--threads", "4", "--preload", "--timeout", "60", "--graceful-timeout", "5"]
        self.supervisor.add(
            "web", [*web, "--no-control-socket", *logs], grace_seconds=10, pass_fds=(self.listener.fileno(),)
        )
        celery = [python, "-m", "celery", "-A", "salesops"]
        worker = ["worker", "--concurrency", "2", "--queues", QUEUES, "--loglevel", "INFO", "--without-gossip"]
        self.supervisor.add("worker", [*celery, *worker, "--without-mingle"], grace_seconds=10)
        schedule = ["--schedule", str(self.state.folder / "beat-schedule"), "--pidfile", ""]
        self.supervisor.add("beat", [*celery, "beat", "--loglevel", "WARNING", *schedule], grace_seconds=5)

    def _wait_for_web(self) -> None:
        end = time.monotonic() + 90
        while not self._web_answers():
            self.supervisor.look()
            if time.monotonic() > end or self.supervisor.children[0].deaths >= 3:
                raise StepFailed(f"The web server does not answer. See {self.state.folder / 'logs' / 'web.log'}.")
            time.sleep(0.1)

    def _web_answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.options.host, self.options.host)  # noqa: S104 - where to ask
        link = http.client.HTTPConnection(host, self.options.port, timeout=5)
        try:
            link.request("GET", "/healthz")
            return link.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            link.close()

    def _announce(self, steps: Steps) -> None:
        say(f"ready: {_address(self.options)}")
        logins = self.manage.text_of("demo_logins") if steps.value("demo") == "done" else ""
        if logins:
            print(f"\n{logins}\n", flush=True)
        elif not steps.has_users():
            say("no user yet; in another terminal: .venv/bin/python manage.py createsuperuser")
        say("Ctrl-C stops everything")

    # --- keep -------------------------------------------------------------------------------
    def _keep(self) -> None:
        looked = time.monotonic()
        while True:
            self.supervisor.look()
            self._look_at_nightly()
            if self.use is not None and time.monotonic() - looked > 1:
                looked = time.monotonic()
                if not is_locked(self.state.host_lock):
                    self._take_servers_again()
            time.sleep(0.2)

    def _look_at_nightly(self) -> None:
        if self.nightly is None or self.nightly.poll() is None:
            return
        if self.nightly.returncode == 0 and self.steps is not None:
            self.steps.record("nightly", "done")
            say(f"first nightly done; all pages are filled: {_address(self.options)}")
        else:
            say("the first nightly failed; the jobs page says where. It is tried again at the next start")
        self.nightly = None

    def _take_servers_again(self) -> None:
        say("the embedded servers ended; starting them again")
        assert self.use is not None
        earlier = self.use
        self.use = use_servers(self.state, self.missing)
        earlier.close()
        if self.use.urls != earlier.urls:
            self.supervisor.restart_all(self.supervisor.environ | self.use.urls)
            self.manage.environ |= self.use.urls

    # --- stop -------------------------------------------------------------------------------
    def _stop(self) -> None:
        try:
            if self.supervisor.children:
                print(flush=True)
                say("stopping")
            self.manage.stop()
            self.supervisor.stop()
        finally:
            if self.use is not None:
                self.use.close()
                self._wait_for_host()
        say("stopped")

    def _wait_for_host(self) -> None:
        """The servers stop after their last user; wait for it unless another command still uses them."""
        end = time.monotonic() + 20
        while is_locked(self.state.host_lock) and time.monotonic() < end:
            try:
                lock(self.state.users_lock, shared=False).close()
            except Taken:
                if self._others_use():
                    say("the embedded servers go on for a manage.py command in another terminal")
                    return
            time.sleep(0.1)

    def _others_use(self) -> bool:
        """True while someone shares the servers; the stopping host, which holds the door shut, does not count."""
        try:
            lock(self.state.users_lock, shared=True).close()
        except Taken:
            return False
        return True
