"""How long we wait and how often we try again, by name."""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

HEARTBEAT = timedelta(seconds=2)
"""A killed worker's activity starts again this soon; workers send a beat nearly every second."""


class Patience(TypedDict, total=False):
    """The time-outs and retries of one kind of activity."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy
    cancellation_type: ActivityCancellationType


THINKING = Patience(
    start_to_close_timeout=timedelta(seconds=90),
    schedule_to_close_timeout=timedelta(minutes=15),
    heartbeat_timeout=HEARTBEAT,
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5)),
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""Deciding a turn. It rides out fifteen minutes of a missing database; a bug gives up by itself after three tries."""

SPEAKING = Patience(
    start_to_close_timeout=timedelta(seconds=60),
    heartbeat_timeout=HEARTBEAT,
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=5)),
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""Sending a part. The activity itself counts real attempts, says when to try again, and when to give up; what dies
without a word (its worker) is tried again within seconds, however often the part was tried before."""

COURTESY = Patience(
    start_to_close_timeout=timedelta(seconds=15),
    schedule_to_close_timeout=timedelta(seconds=20),
    heartbeat_timeout=HEARTBEAT,
    retry_policy=RetryPolicy(maximum_attempts=1),
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""An interim message: once, now or never."""

BOOKKEEPING = Patience(
    start_to_close_timeout=timedelta(seconds=15),
    retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)),
)
"""Rows that must be written, idempotent by key: until they are."""
