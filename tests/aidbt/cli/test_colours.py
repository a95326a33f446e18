"""Colours are for a terminal, and for nobody who said NO_COLOR."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli, fail
from tests.dbt_shop import new_shop


@pytest.mark.parametrize(
    ("said", "has_colours"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)]
)
def test_what_commands_print_has_colours_unless_they_are_not_wanted(
    tmp_path: Path, said: dict[str, str], has_colours: bool
):
    new_shop(tmp_path)
    where = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
    result = CliRunner().invoke(cli, ["semantic", "list", *where], color=True, env=said)

    assert result.exit_code == 0, result.output
    assert ("\x1b[" in result.stdout) is has_colours


def test_errors_have_none_either(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("NO_COLOR", "yes")
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda stream, color: color is False)

    with pytest.raises(SystemExit):
        fail("it is wrong", "mend it", 2)

    assert capsys.readouterr().err == "error: it is wrong\nhint: mend it\n"
