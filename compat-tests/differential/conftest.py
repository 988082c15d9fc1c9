"""The suite's own options."""


def pytest_addoption(parser):
    parser.addoption("--fresh", action="store_true", help="run the reference too, and compare it with what is recorded")
    parser.addoption("--update", action="store_true", help="with --fresh: record what the reference says")
