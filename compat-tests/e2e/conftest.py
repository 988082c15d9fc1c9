"""Says to whoever records results what this suite is: see clients/conftest.py."""

from pathlib import Path


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.user_properties += [("client", "e2e"), ("job", f"its {item.callspec.params['name'].removeprefix('test_')}")]
