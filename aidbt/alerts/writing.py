"""The words of messages: Jinja templates, which a project may replace by files of its own."""

from __future__ import annotations

import contextlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

from aidbt.alerts.message import Message
from aidbt.core.errors import SettingsError

OVERRIDES = "aidbt/alerts"  # in the dbt project


class Templates:
    """The templates of messages: those of the project, else ours.

    Args:
        root: of the dbt project; a file in its aidbt/alerts/ counts before ours of the same name.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def load(self) -> None:
        """Read all templates that there are, so that writing a message takes no time worth counting.

        One that is wrong is passed over: `text` says what is wrong with it, where it is wanted.
        """
        from jinja2 import TemplateError

        for name in self._environment.list_templates():
            with contextlib.suppress(TemplateError, OSError, ValueError):
                self._environment.get_template(name)

    def text(self, name: str, message: Message) -> str:
        """A message in the words of a template, e.g. "text.txt.jinja".

        Raises:
            SettingsError: the project's template is wrong; with file and line.
        """
        from jinja2 import TemplateError, TemplateSyntaxError

        try:
            written: str = self._environment.get_template(name).render(message=message)
        except TemplateSyntaxError as error:
            raise self._wrong(name, error.message or "cannot be read", error.lineno) from error
        except RecursionError as error:
            raise self._wrong(name, "it includes itself without an end", None) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise self._wrong(name, str(error), None) from error
        except OSError as error:
            raise self._wrong(name, f"it cannot be read: {error.strerror or error}", None) from error
        return written

    def json(self, name: str, message: Message) -> Any:
        """The same as the value of the JSON that the template writes.

        Raises:
            SettingsError: the project's template is wrong, or what it writes is no JSON.
        """
        written = self.text(name, message)
        try:
            return json.loads(written)
        except ValueError as error:
            raise self._wrong(name, f"what it writes is no JSON: {error}", None) from error

    def _wrong(self, name: str, problem: str, line: int | None) -> SettingsError:
        path = f"{OVERRIDES}/{name}"
        return SettingsError(
            problem, path=path, line=line, hint=f"mend {path}, or delete it: then aidbt's own counts again"
        )

    @cached_property
    def _environment(self) -> Any:
        from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        places = [FileSystemLoader(self._root / OVERRIDES), PackageLoader("aidbt", "templates/alerts")]
        environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader(places),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # each form of text has an escaping of its own, in the filters below
        )
        environment.filters.update(
            slack=slack_text, card=card_text, markdown=markdown_text, cut=cut, json=json_text, some=some
        )
        return environment


def slack_text(text: str) -> str:
    """A text in Slack's markup: its three control characters mean themselves."""
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split())


def card_text(text: str) -> str:
    """A text in the Markdown of adaptive cards: nothing in it becomes a link or a list."""
    return "".join(f"\\{letter}" if letter in "\\[]*_`#" else letter for letter in " ".join(text.split()))


def markdown_text(text: str) -> str:
    """A text in GitHub's Markdown: it formats nothing, and calls nobody by an @."""
    line = " ".join(text.split())
    escaped = "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|~" else letter for letter in line)
    return escaped.replace("@", "@\u200b")


def cut(text: str, most: int) -> str:
    """A text of so many characters at most."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def json_text(value: Any) -> str:
    """A value as JSON, in a template that writes JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)


def some(names: tuple[str, ...], most: int = 5) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
