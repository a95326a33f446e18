"""Options that commands share: dbt's own for finding the project, and the form of the output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aidbt.cli.render import bold, count, dim
from aidbt.cli.render import table as text_table
from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from aidbt.generate.mappings import Models
    from aidbt.session import Session


class ManyValues(click.Command):
    """A command without arguments, whose options that may be repeated also take several values: `-s a b`, as
    dbt's do.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeated = {
            name
            for item in self.params
            if isinstance(item, click.Option) and item.multiple
            for name in item.opts
        }
        return super().parse_args(ctx, list(_one_value_each(args, repeated)))


def _one_value_each(args: Sequence[str], repeated: Collection[str]) -> Iterator[str]:
    """The arguments with the option before each of its values.

    Example:
        >>> list(_one_value_each(["-s", "a", "b", "--full-refresh"], {"-s"}))
        ['-s', 'a', '-s', 'b', '--full-refresh']
    """
    option, has_value = "", False
    for text in args:
        if text.startswith("-"):
            name, equals, _ = text.partition("=")
            option, has_value = (name if name in repeated else ""), bool(equals)
        elif option and has_value:
            yield option
        else:
            has_value = True
        yield text


F = TypeVar("F", bound=Callable[..., Any])

_FOLDER = click.Path(path_type=Path)
_PROJECT_OPTIONS = [
    click.option("--project-dir", type=_FOLDER, envvar="DBT_PROJECT_DIR", help="The dbt project."),
    click.option("--profiles-dir", type=_FOLDER, envvar="DBT_PROFILES_DIR", help="Where profiles.yml is."),
    click.option("--profile", envvar="DBT_PROFILE", help="The profile to use."),
    click.option("--target", "-t", envvar="DBT_TARGET", help="The target of the profile."),
    click.option("--vars", "vars_", metavar="YAML", help="dbt variables, as YAML or JSON."),
]


def project_options(command: F) -> F:
    """dbt's own options for which project and profile, passed as keyword arguments to `open_from`."""
    for option in reversed(_PROJECT_OPTIONS):
        command = option(command)
    return command


def output_option(command: F) -> F:
    """`--output text|json`."""
    choice = click.Choice(["text", "json"])
    return click.option(
        "--output", type=choice, default="text", show_default=True, help="For people or programs."
    )(command)


select_option = click.option(
    "--select",
    "-s",
    multiple=True,
    help="source:NAME, source:NAME.TABLE, a table or a staging model; * matches anything.",
)


nodes_option = click.option(
    "--select",
    "-s",
    multiple=True,
    help="A name, tag:, path:, source:NAME.TABLE; + adds what is above or below, * matches anything.",
)
exclude_option = click.option("--exclude", multiple=True, help="The same, of what is left out.")


manifest_option = click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The manifest of another run, instead of the project as it is.",
)


yes_option = click.option("--yes", is_flag=True, help="Scan without asking, whatever it costs.")


def approver(yes: bool) -> Callable[[Any], bool]:
    """Asks on the terminal whether a scan over the budget may go on, with its plan on the screen; where there
    is no terminal nobody agrees, unless `--yes` did.
    """

    def approve(plan: Any) -> bool:
        if yes:
            return True
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        for line in scan_plan_lines(plan):
            click.echo(line, err=True)
        return click.confirm("scan?", err=True)

    return approve


def scan_plan_lines(plan: Any, *, at_most: int = 12) -> Iterator[str]:
    """What is about to be read, for people: the largest tables first."""
    from aidbt.warehouse.budget import human_bytes, told_bytes

    who = plan.runs_as
    runs = [f"as {who.grantee}"] if who.grantee else []
    runs += [f"on {who.warehouse or who.kind}"]
    if not plan.tables:
        yield f"{bold('nothing to scan')}: every profile is known"
        return
    yield (
        f"{bold('to scan')} {count(len(plan.tables), 'table')}, {told_bytes(plan)},"
        f" for {', '.join(plan.purposes)}, {' '.join(runs)}"
    )
    ranked = sorted(plan.tables, key=lambda t: (t.scan_bytes is not None, -(t.scan_bytes or 0), t.relation))
    rows = [
        [
            table.relation,
            "" if table.row_count is None else f"{table.row_count:,}",
            f"unknown ({table.kind})" if table.size_bytes is None else human_bytes(table.size_bytes),
            f"× {table.times:.1f}",
            "" if table.scan_bytes is None else human_bytes(table.scan_bytes),
            table.basis,
        ]
        for table in ranked[:at_most]
    ]
    yield from text_table(rows, ["table", "rows", "size", "read", "bytes", "known"])
    if len(ranked) > at_most:
        yield dim(f"  … and {len(ranked) - at_most} more (--output json shows all)")


def open_from(
    *,
    project_dir: Path | None,
    profiles_dir: Path | None,
    profile: str | None,
    target: str | None,
    vars_: str | None,
    flags: dict[str, Any] | None = None,
    as_committed: bool = False,
) -> Any:
    """The session that the project options describe.

    Args:
        as_committed: see `open_session`.
    """
    from aidbt.session import open_session

    return open_session(
        project_dir,
        profile=profile,
        target=target,
        profiles_dir=profiles_dir,
        vars=_vars(vars_),
        flags=flags,
        command=_command(),
        as_committed=as_committed,
        on_recovered=lambda paths: click.echo(
            f"note: finished an interrupted write of {len(paths)} files: {', '.join(paths[:3])}", err=True
        ),
    )


def _command() -> str:
    """The command without the program, which may be `aidbt` or `python -m aidbt`."""
    here = click.get_current_context()
    return here.command_path.removeprefix(here.find_root().command_path).strip()


def _vars(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = parse_yaml(text, "--vars")
    except SettingsError as error:
        raise UsageError(error.message, hint="write --vars '{name: value}'") from error
    if not isinstance(value, dict):
        raise UsageError("--vars is not a mapping", hint="write --vars '{name: value}'")
    return value


def models_of(session: Session) -> Models:
    """The models that the project's settings name, each opened when it is first asked."""
    from aidbt.generate.mappings import Models

    return Models(lambda: session.embed, lambda: session.llm, session.cache)
