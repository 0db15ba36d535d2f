"""Progress for people: one line per step, its time, and errors that say how to mend."""

import subprocess
import sys
import time
from contextlib import contextmanager


class StepError(Exception):
    """A step could not be done: ``why`` it failed and what to do (``mend``)."""

    def __init__(self, why, mend):
        super().__init__(why)
        self.why = why
        self.mend = mend


def say(text):
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title):
    """Print ``title`` when the work starts and its seconds when it ends."""
    say(f"==> {title}")
    started = time.monotonic()
    try:
        yield
    except StepError as error:
        say(f"\nFailed: {title}\n  why:  {error.why}\n  mend: {error.mend}")
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        say(f"\nInterrupted: {title}. The same command goes on from here.")
        raise SystemExit(130) from None
    say(f"    done in {time.monotonic() - started:.1f} s")


def succeeds(command, **options):
    """Run ``command`` with its output as it comes; whether it ended with 0."""
    command = [str(part) for part in command]
    return subprocess.run(command, check=False, **options).returncode == 0


def run(command, *, mend, log=None, **options):
    """Run ``command``; a failure becomes a StepError that quotes its last output."""
    command = [str(part) for part in command]
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            done = subprocess.run(
                command, check=False, stdout=output, stderr=output, **options
            )
        tail = log.read_text(errors="replace").splitlines()[-15:]
        mend = f"{mend} (whole output: {log})"
    else:
        done = subprocess.run(
            command,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )
        tail = done.stdout.splitlines()[-15:]
    if done.returncode:
        quoted = "".join(f"\n        {line}" for line in tail)
        why = f"`{' '.join(command)}` ended with {done.returncode}:{quoted}"
        raise StepError(why, mend)
    return "" if log else done.stdout
