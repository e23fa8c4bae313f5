"""What can go wrong before the product runs: one clear line each, and an exit code of its own."""


class LaunchProblem(Exception):
    """The launcher can't go on; the message is for a person, the code for a script."""

    exit_code = 1


class WrongPython(LaunchProblem):
    exit_code = 3


class NoSpace(LaunchProblem):
    exit_code = 4


class PortTaken(LaunchProblem):
    exit_code = 5


class AlreadyRunning(LaunchProblem):
    exit_code = 6


class ServerFailed(LaunchProblem):
    exit_code = 7


class StepFailed(LaunchProblem):
    exit_code = 8
