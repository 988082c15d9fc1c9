"""Event listeners that tests are made with, and how to read what they wrote down."""

import json
import re

# Writes down each header and payload as a line of JSON. It reads characters, as listeners in Python do.
RECORDER = """
import json, sys
sys.stdin.reconfigure(encoding="utf-8", newline="\\n")
with open(sys.argv[1], "a") as file:
    while True:
        print("READY", flush=True)
        header = sys.stdin.readline()
        if not header:
            break
        length = int(header.rsplit("len:", 1)[1])
        payload = sys.stdin.read(length)
        file.write(json.dumps([header, payload]) + "\\n")
        file.flush()
        sys.stdout.write("RESULT 2\\nOK")
        sys.stdout.flush()
"""


def recorded(d, name):
    """The (header, payload) pairs that a recorder wrote to this file."""
    text = d.read(name)
    return [tuple(json.loads(line)) for line in text[: text.rfind("\n") + 1].splitlines()]


def events(d, name):
    """The same without what differs from run to run: (event, its number, payload); ticks are left out, and numbers are counted as if
    they had not been."""
    told = []
    ticks = 0
    previous = None
    for header, payload in recorded(d, name):
        values = dict(word.split(":", 1) for word in header.split(" "))
        serial = int(values["poolserial"])
        assert previous is None or serial == previous + 1, f"an event was lost before {header}"
        previous = serial
        assert int(values["len"]) == len(payload)
        if values["eventname"].startswith("TICK_"):
            ticks += 1
            continue
        told.append((values["eventname"], serial - ticks, re.sub(r"\bpid:[1-9]\d*", "pid:N", payload)))
    return told
