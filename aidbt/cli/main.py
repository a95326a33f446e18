"""The entry point: a table of commands, each imported when it is asked for, and one place for errors."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import signal
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import click

from aidbt import __version__
from aidbt.core.errors import AidbtError, nearest

# name → (module:attribute, the line in --help). The order is the order of work.
COMMANDS = {
    "init": ("aidbt.cli.project:init", "Start a dbt project, or make an existing one ready."),
    "doctor": ("aidbt.cli.project:doctor", "Check the installation and show every setting's origin."),
    "ingest": ("aidbt.cli.ingest:ingest", "Land tables, files and changes in bronze."),
    "profile": ("aidbt.cli.mapping:profile", "Show what the raw tables hold."),
    "map": ("aidbt.cli.map:map_command", "Map source columns to target columns; --drift says what changed."),
    "review": ("aidbt.cli.review:review", "List and decide what waits for a person."),
    "generate": (
        "aidbt.cli.generate:generate",
        "Write the sources, staging models and tests that are missing.",
    ),
    "validate": ("aidbt.cli.validate:validate", "Say what is wrong with SQL, without letting it do harm."),
    "lineage": ("aidbt.cli.lineage:lineage", "Say what columns are made of, and what is made of them."),
    "impact": ("aidbt.cli.impact:impact", "Say what a change breaks, and by which path."),
    "pr": ("aidbt.cli.pr:pr", "Review what a branch changes, before it is merged."),
    "query": ("aidbt.cli.query:query", "Answer a question about the data, in words or by metrics."),
    "semantic": ("aidbt.cli.semantic:semantic", "List, check and draft metrics and their dimensions."),
    "model": ("aidbt.cli.model:model", "Write a dbt model from a sentence, with its tests."),
    "build": ("aidbt.cli.build:build", "Run dbt build and record the run."),
    "observe": ("aidbt.cli.observe:observe", "Take in runs of dbt that happened elsewhere."),
    "classify": ("aidbt.cli.classify:classify", "Say of which class failures are, line by line."),
    "diagnose": ("aidbt.cli.diagnose:diagnose", "Say why a run failed, with the proof."),
    "heal": ("aidbt.cli.heal:heal", "Mend what failed where that can be proved."),
    "monitor": ("aidbt.cli.monitor_group:monitor", "Measure the models, and say what is not as usual."),
    "incidents": ("aidbt.cli.incidents:incidents", "List, acknowledge and end what is wrong; tell people."),
    "quality": ("aidbt.cli.quality:quality", "Score the data, and say what wins lost points back."),
    "report": ("aidbt.cli.report:report", "Write what is known of data and runs as one page."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        ctx.color = _colour()
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader (head, less) went away: nothing is wrong, and nothing more can be said. Click exits
            # with 1 here, which would fail a pipeline.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], COMMANDS)
            hint = f" Did you mean '{close}'?" if close else ""
            raise click.UsageError(f"no command is called '{args[0]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aidbt")
def cli() -> None:
    """Hands and eyes for a dbt project: land data, map it, write dbt files, build, record.

    Start with: aidbt init, aidbt ingest run, aidbt generate, aidbt build.
    """


def main() -> None:
    """Run a command; every error is one message with a hint, never a traceback."""
    sys.excepthook = _report_crash
    # Reading a thousand files makes millions of objects and no cycles: the default, every 700, costs 20 %.
    gc.set_threshold(50_000, 20, 20)
    atexit.register(_collect)
    # What ends a job (CI, `timeout`, Kubernetes) cancels what runs in the warehouse, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli.main(standalone_mode=False)
    except AidbtError as error:
        fail(error.message, error.hint, error.exit_code)
    except click.exceptions.Exit as stop:
        raise SystemExit(stop.exit_code) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(2) from None
    except (click.Abort, KeyboardInterrupt):
        fail("stopped; what was not finished was not kept", None, 130)
    except UnicodeEncodeError as error:
        letter = ascii(error.object[error.start])
        fail(f"the output is {error.encoding}, which has no {letter}", "set PYTHONUTF8=1", 2)


def _collect() -> None:
    """DuckDB says on stderr which of its objects the interpreter leaves behind in cycles: leave none."""
    if "_duckdb" in sys.modules:
        gc.collect()


def fail(message: str, hint: str | None, code: int) -> None:
    """Print an error the one way there is, and exit."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {message}", err=True, color=_colour())
    if hint:
        click.echo(f"{click.style('hint:', fg='cyan')} {hint}", err=True, color=_colour())
    raise SystemExit(code)


def _colour() -> bool | None:
    """False where NO_COLOR is set (no-color.org); None leaves it to whether there is a terminal."""
    from aidbt.core.config import environment

    return False if environment().get("NO_COLOR") else None


def _report_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of ours: the details go to a file, one line to the user."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    with tempfile.NamedTemporaryFile(
        "w", prefix=f"aidbt-crash-{stamp}-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.write("".join(traceback.format_exception(kind, error, trace)))
    text = str(error).split("\n", 1)[0]
    click.echo(f"error: aidbt failed unexpectedly: {kind.__name__}: {text}", err=True)
    click.echo(f"hint: this is a fault in aidbt; please report it with {file.name}", err=True)
