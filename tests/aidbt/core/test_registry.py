"""Names of plug-ins: found, imported on use, and explained when they are not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aidbt.core.errors import MissingExtra, UnknownName, UsageError
from aidbt.core.registry import Registry

OURS = {"json": "json:dumps", "lines": "textwrap:indent"}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs a small package of somebody else's, with entry points for the family "test writer"."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name: str, entry_points: str, code: str = "") -> None:
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[aidbt.test_writers]\n{entry_points}\n")
        (tmp_path / f"{name}.py").write_text(code)

    yield install
    for name in [name for name in sys.modules if name.startswith("theirs_")]:
        del sys.modules[name]


def test_a_name_gives_the_object_behind_its_dotted_path():
    import json

    assert Registry("test writer", OURS).load("json") is json.dumps


def test_nothing_is_imported_before_it_is_asked_for():
    registry = Registry("test writer", {"broken": "a_module_that_does_not_exist:x", **OURS})

    assert registry.names() == ["broken", "json", "lines"]
    assert registry.load("lines")("a", "  ") == "  a"


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownName, match="no test writer is called 'jsn'\nhint: did you mean 'json'"):
        Registry("test writer", OURS).load("jsn")


def test_a_missing_package_names_the_extra_that_brings_it():
    registry = Registry("test writer", {"x": "not_installed_anywhere.deep:X"}, extras={"x": "ingest"})

    with pytest.raises(MissingExtra, match=r"test writer 'x' needs .*\nhint: pip install 'aidbt\[ingest\]'"):
        registry.load("x")


@pytest.mark.parametrize("path", ["aidbt.core.no_such_module:X", "aidbt.no_such_package.x:X"])
def test_a_fault_of_ours_is_not_called_a_missing_extra(path: str):
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        Registry("test writer", {"x": path}, extras={"x": "ingest"}).load("x")


def test_a_missing_package_that_no_extra_brings_is_said_as_it_is():
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        Registry("test writer", {"x": "not_installed_anywhere:X"}).load("x")


def test_other_packages_add_names_after_ours_in_alphabetical_order(installed):
    installed(
        "theirs_b", "zeta = theirs_b:make\nalpha = theirs_b:make", "def make(): return 'made by theirs'"
    )
    registry = Registry("test writer", OURS)

    assert registry.names() == ["json", "lines", "alpha", "zeta"]
    assert registry.load("zeta")() == "made by theirs"


def test_a_name_of_ours_cannot_be_replaced(installed):
    import json

    installed("theirs_evil", "json = theirs_evil:make", "def make(): return 'replaced'")
    registry = Registry("test writer", OURS)

    assert registry.load("json") is json.dumps
    assert registry.names() == ["json", "lines"]


@pytest.mark.parametrize("point", ["theirs_broken:missing", "theirs_absent:x"])
def test_a_broken_package_of_somebody_is_named(installed, point: str):
    installed("theirs_broken", f"broken = {point}")

    with pytest.raises(UsageError, match=f"test writer 'broken' cannot be loaded from '{point}'") as caught:
        Registry("test writer", OURS).load("broken")
    assert "reinstall or remove it" in (caught.value.hint or "")


def test_the_group_of_entry_points_is_the_plural_of_the_family():
    assert Registry("matching signal", {}).group == "aidbt.matching_signals"


def test_the_table_given_is_copied():
    table = dict(OURS)
    registry = Registry("test writer", table)
    table["later"] = "os:sep"

    assert registry.names() == ["json", "lines"]
