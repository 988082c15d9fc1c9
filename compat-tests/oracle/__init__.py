"""The oracle: Python's own Supervisor classes, in virtual time, as the judge of our machine.

`scenario` knows the text format, `reference` drives the real classes, `intended` lists where we differ on purpose, `walk` makes random
scenarios, `run` rewrites the trace of a scenario file. The format is described in `fixtures/scenarios/README.md`.
"""
