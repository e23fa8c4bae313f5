"""`python -m salesops.launcher run | exec -- CMD | test -- CMD`."""

import sys

USAGE = """usage: python -m salesops.launcher run [--port 8000] [--host 127.0.0.1] [--empty]
       python -m salesops.launcher exec [--] COMMAND...   with the embedded servers
       python -m salesops.launcher test [--] COMMAND...   with throw-away servers"""


def main(arguments: list[str]) -> int:
    from salesops.launcher.problems import LaunchProblem

    word, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    try:
        if word == "run":
            from salesops.launcher.run import run

            return run(rest)
        if word == "host":
            from salesops.launcher.host import host

            return host(rest)
        command = rest[1:] if rest[:1] == ["--"] else rest
        if word == "test" and command:
            from salesops.launcher.throwaway import run_with_throwaway_servers

            return run_with_throwaway_servers(command)
        if word == "exec" and command:
            from salesops.launcher.sharing import replace_by

            return replace_by(command)
    except LaunchProblem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        return 130
    print(USAGE, file=sys.stdout if word in {"help", "--help", "-h"} else sys.stderr)
    return 0 if word in {"help", "--help", "-h"} else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
