"""Where the process begins: ``gen-chart`` and ``python -m generator``.

Only what Python has loaded already is imported at the top: while the rest loads, Ctrl-C ends the process without a
traceback.
"""

import signal
from typing import NoReturn


def console() -> NoReturn:
    """Loads the command line and runs it as a process."""
    waits = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # under nohup it is ignored, and stays so
    if waits:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from generator.cli import console as run

    if waits:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    console()
