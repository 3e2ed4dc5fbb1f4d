"""Runtimes of the Temporal SDK that outlive the interpreter."""

import ctypes

from temporalio.runtime import Runtime


def kept_for_ever(runtime: Runtime) -> Runtime:
    """This runtime, never to be freed: the process ends with it, as it does with every other thread.

    Freed while the interpreter ends, it waits for its threads; one that is just about to hand a result to Python waits
    for the interpreter for ever, and so the process does not end (one worker in twelve that were told to stop right
    after a rush of work; native stacks: `BlockingPool::drop` against pyo3's `HangThread`; temporalio 1.35.0).
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(runtime))
    return runtime
