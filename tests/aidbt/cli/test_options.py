"""Options that commands share."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from aidbt.cli.options import ManyValues


@click.command(cls=ManyValues)
@click.option("--select", "-s", multiple=True)
@click.option("--exclude", multiple=True)
@click.option("--threads", type=int)
@click.option("--full-refresh", is_flag=True)
def build(select, exclude, threads, full_refresh):
    click.echo([list(select), list(exclude), threads, full_refresh])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("-s a", "[['a'], [], None, False]"),
        ("-s a b+ --exclude c d", "[['a', 'b+'], ['c', 'd'], None, False]"),
        ("--select=a b -s c --threads 4 --full-refresh", "[['a', 'b', 'c'], [], 4, True]"),
        ("--full-refresh --select a @b,c", "[['a', '@b,c'], [], None, True]"),
    ],
)
def test_options_that_may_be_repeated_take_several_values_as_dbts_do(arguments, expected):
    done = CliRunner().invoke(build, arguments.split())

    assert done.output.strip() == expected


@pytest.mark.parametrize("arguments", ["a", "--threads 4 a", "-s a --full-refresh b", "-s"])
def test_other_values_are_refused(arguments):
    assert CliRunner().invoke(build, arguments.split()).exit_code == 2
