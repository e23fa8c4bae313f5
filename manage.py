#!/usr/bin/env python3
"""Django's commands, with the embedded servers found or started where the environment names none."""

import os
import sys


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
    from salesops.launcher.problems import LaunchProblem
    from salesops.launcher.sharing import attach, local_defaults, needs_servers

    try:
        use = attach() if needs_servers(sys.argv[1:]) else local_defaults()
    except LaunchProblem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    finally:
        if use is not None:
            use.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
