"""Waiting for a condition, with a limit; never for a duration."""

import time


def wait_for(condition, limit: float = 10.0, what: str = "", pause: float = 0.02):
    """Calls `condition` until it returns something true, and returns that.

    `what` says in words what was waited for; it may be a function, asked only when the limit has passed.
    """
    end = time.monotonic() + limit
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            words = what() if callable(what) else what
            raise TimeoutError(f"not within {limit} s: {words or condition}")
        time.sleep(pause)
