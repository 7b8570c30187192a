"""Start of the program ``vmm``, which handles signals before it imports anything that takes time.

A signal can arrive at any moment. Its handler deletes incomplete files, stops ffmpeg and ends the process with one
line. It raises no exception, which a library could catch, or which could interrupt the handling of another one.
"""

import os
import signal
import sys

_CAUSES = {
    "SIGINT": "interrupted",
    "SIGTERM": "terminated",
    "SIGHUP": "ended, because the terminal was closed",
    "SIGXCPU": "ended at the limit of CPU time",
}

_is_ending = False
"""Whether a signal has arrived that ends the process. Further ones do nothing then."""

_BROKEN_PIPE = 141
"""Exit status of a program whose output is no longer read: 128 and the number of the signal SIGPIPE."""


def main() -> int:
    """Run the program; return its exit status, which for a signal is 128 and its number."""
    for name in _CAUSES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP, for example.
            signal.signal(number, _end)
    from vmm.app import command
    from vmm.cli import main

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # Not all characters of file names can be encoded.
    status = main(others=[command])
    if status == _BROKEN_PIPE:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # The rest of the output is not written again at the exit.
    return status


def _end(number: int, _frame: object) -> None:
    """Delete incomplete files, stop other programs, print one line and end the process, unless the work ends by itself.

    The handlers stay: Python prints an error about a signal that arrives while its handler is replaced.
    """
    global _is_ending
    if _is_ending:
        return
    exits = sys.modules.get("vmm.io.exits")
    finish, stop = getattr(exits, "finish", None), getattr(exits, "stop_at_signal", None)
    if stop is not None and stop():
        return
    _is_ending = True
    if finish is None:  # Nothing was started yet.
        _exit(number)
    else:
        finish(lambda: _exit(number))


def _exit(number: int) -> None:
    line = f"{_end_of_bar()}vmm: {_CAUSES[signal.Signals(number).name]}; no incomplete file remains\n"
    try:
        os.write(2, line.encode())
    finally:
        os._exit(128 + number)


def _end_of_bar() -> str:
    """A line break if a progress bar is shown."""
    bar = getattr(sys.modules.get("tqdm"), "tqdm", None)
    return "\n" if getattr(bar, "_instances", None) else ""


if __name__ == "__main__":
    raise SystemExit(main())
