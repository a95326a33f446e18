"""`aidbt pr`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aidbt import __version__
from aidbt.cli.options import approver, open_from, project_options, yes_option
from aidbt.cli.render import bold, dim, plain
from aidbt.core.errors import UsageError, WriteError

if TYPE_CHECKING:
    from aidbt.review.pull_request import Review
    from aidbt.session import Session

_FORMS = ("text", "json", "markdown", "sarif", "github", "junit")
_MARKS = {"blocks": ("blocks", "red"), "look": ("look", "yellow")}
_COLOURS = {"blocks": "red", "needs a look": "yellow", "nothing found": "green"}


@click.command()
@click.option(
    "--base", "ref", default="main", show_default=True, metavar="REF", help="The branch to merge into."
)
@click.option(
    "--build", is_flag=True, help="Build both sides into schemas of their own and compare the data."
)
@click.option("--keep", is_flag=True, help="Leave the schemas that --build made where they are.")
@click.option("--base-schema", metavar="SCHEMA", help="Where the tables of the base are built already.")
@click.option("--head-schema", metavar="SCHEMA", help="Where the tables of the head are built already.")
@click.option(
    "--gate",
    type=click.Choice(["blocks", "look", "none"]),
    default="blocks",
    show_default=True,
    help="What makes it exit 1.",
)
@click.option(
    "--output", "form", type=click.Choice(_FORMS), default="text", show_default=True, help="The form."
)
@click.option(
    "--write",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it to a file as well, in the form of its ending: .md, .json, .sarif, .xml (JUnit), .txt.",
)
@click.option("--no-warehouse", is_flag=True, help="Ask no warehouse for the columns of sources.")
@click.option("--all", "show_all", is_flag=True, help="Everything, nothing folded.")
@yes_option
@project_options
def pr(
    ref: str,
    build: bool,
    keep: bool,
    base_schema: str | None,
    head_schema: str | None,
    gate: str,
    form: str,
    write: tuple[Path, ...],
    no_warehouse: bool,
    show_all: bool,
    yes: bool,
    **where: Any,
) -> None:
    """Review what the working tree changes since it left a branch.

    Tells what the change reaches, what is unsafe in it, which tests and docs are missing, and with --build
    what becomes of the data; the riskiest first. It never approves. Exits 1 when it blocks (see --gate).
    """
    from aidbt.review.pull_request import read_both, review
    from aidbt.review.slim_ci import Built, build_both, compare_schemas

    forms = {path: _form_of(path) for path in write}
    _require_consistent(build=build, keep=keep, base_schema=base_schema, head_schema=head_schema)
    session = open_from(**where)
    settings = session.settings.values
    warehouse = None if no_warehouse else session.warehouse
    sides = read_both(session.project, settings, ref, warehouse=warehouse, cache=session.cache)
    built = Built(not_done=("the data was not compared: --build builds both sides for that",))
    if build:
        built = build_both(
            sides, session.project, settings, session.warehouse, approve=approver(yes), keep=keep
        )
    elif base_schema and head_schema:
        built = compare_schemas(
            sides,
            session.project,
            settings,
            session.warehouse,
            base_schema=base_schema,
            head_schema=head_schema,
            approve=approver(yes),
        )
    if built.kept:
        click.echo(f"kept: {', '.join(built.kept)}", err=True)
    found = review(
        sides, session.project, settings, data=built.data, failures=built.failures, not_done=built.not_done
    )
    click.echo(_in_form(found, form, show_all=show_all, session=session), nl=False)
    for path, other in forms.items():
        _write(path, _in_form(found, other, show_all=True, session=session))
    is_stopped = {"blocks": ("blocks",), "look": ("blocks", "needs a look"), "none": ()}[gate]
    if found.verdict.word in is_stopped:
        raise SystemExit(1)


def _require_consistent(*, build: bool, keep: bool, base_schema: str | None, head_schema: str | None) -> None:
    if bool(base_schema) != bool(head_schema):
        raise UsageError(
            "one of --base-schema and --head-schema was given", hint="a comparison needs both of them"
        )
    if build and base_schema:
        raise UsageError(
            "--build was given with --base-schema and --head-schema",
            hint="--build makes two schemas of its own; to compare two that are there, leave it out",
        )
    if keep and not build:
        raise UsageError("--keep was given without --build", hint="it keeps what --build makes")


_FORM_OF = {".md": "markdown", ".json": "json", ".sarif": "sarif", ".xml": "junit", ".txt": "text"}


def _form_of(path: Path) -> str:
    """The form that a file's ending asks for.

    Raises:
        UsageError: it asks for none.
    """
    suffix = ".sarif" if path.name.endswith(".sarif.json") else path.suffix
    if suffix not in _FORM_OF:
        raise UsageError(
            f"--write {path}: the ending '{path.suffix}' asks for no form of a review",
            hint=f"known: {', '.join(_FORM_OF)}",
        )
    return _FORM_OF[suffix]


def _in_form(found: Review, form: str, *, show_all: bool, session: Session) -> str:
    forms: dict[str, Callable[[], str]] = {
        "text": lambda: "\n".join(_text(found, show_all)) + "\n",
        "json": lambda: json.dumps(plain(found), indent=2, ensure_ascii=False) + "\n",
        "markdown": lambda: _markdown(found),
        "sarif": lambda: _sarif(found, session),
        "github": lambda: _annotations(found, session),
        "junit": lambda: _junit(found),
    }
    return forms[form]()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(click.unstyle(text), encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}") from error


def _text(found: Review, show_all: bool) -> Iterator[str]:
    from aidbt.review.formats.text import lines

    for kind, text in lines(found, show_all=show_all):
        if kind == "head":
            yield click.style(text, fg=_COLOURS[found.verdict.word], bold=True)
        elif kind in _MARKS:
            word, colour = _MARKS[kind]
            yield f"  {click.style(word, fg=colour)} {text}"
        elif kind == "title":
            yield bold(text)
        else:
            yield dim(text) if kind == "dim" else text


def _markdown(found: Review) -> str:
    from aidbt.review.formats.markdown import markdown

    return markdown(found)


def _sarif(found: Review, session: Session) -> str:
    from aidbt.review.formats.sarif import sarif

    docs_url = session.settings.values.review.docs_url
    log = sarif(found, version=__version__, prefix=_prefix(session), docs_url=docs_url)
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _annotations(found: Review, session: Session) -> str:
    from aidbt.review.formats.annotations import workflow_commands

    return "\n".join(workflow_commands(found, prefix=_prefix(session))) + "\n"


def _junit(found: Review) -> str:
    from aidbt.review.formats.junit import junit

    return junit(found)


def _prefix(session: Session) -> str:
    """The project's folder in its repository with a slash behind it, where paths of its files begin."""
    root = session.project.root
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    inside = root.relative_to(top).as_posix()
    return "" if inside == "." else f"{inside}/"
