"""Runtimes of the Temporal SDK and the end of their process.

At the interpreter's end a thread of theirs may be just about to hand a result to Python. Freed then, the runtime waits
for that thread, and the thread for the interpreter, for ever (one worker in twelve that were told to stop right after a
rush of work; native stacks: `BlockingPool::drop` against pyo3's `HangThread`; temporalio 1.35.0). Not freed, the thread
meets an interpreter that is gone, and the process may die of it (one in eight with 300 answers on their way, Python
3.11).
"""

import atexit
import ctypes
import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:  # a command that needs no Temporal does not wait for it
    from temporalio.runtime import Runtime


def kept_for_ever(runtime: "Runtime") -> "Runtime":
    """This runtime, never to be freed: the process ends with it, as it does with every other thread."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(runtime))
    return runtime


def leave(status: int) -> NoReturn:
    """End the process without the interpreter's own end, once everything of Python's is said and done."""
    atexit._run_exitfuncs()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever listened has gone
            stream.flush()
    os._exit(status)
