"""The review queue in the whole terminal: one item at a time, decided with one key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Dict
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from aidbt.core.errors import AidbtError, UsageError
from aidbt.core.schema import TableProfile
from aidbt.mapping.sitting import Sitting
from aidbt.mapping.waiting import ColumnSample, ReviewItem, column_sample, percent, with_samples

# Tries what a person entered: what is wrong with it, or "" when it was done.
Attempt = Callable[[str], str]


class ReviewApp(App[None]):
    """Goes through the items in their order; each decision is saved when its key is pressed.

    Args:
        sitting: takes the decisions.
        items: what waits, in the order to be shown.
        profiles: by "source.table", for what other columns hold.
    """

    TITLE = "aidbt review"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #progress { dock: top; height: 1; background: $panel; padding: 0 1; }
    #said { dock: bottom; height: auto; max-height: 4; padding: 0 2; margin-bottom: 1; }
    #said.error { color: $text-error; background: $error-muted; }
    #card { padding: 1 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "accept", "Accept"),
        Binding("r", "reject", "Reject"),
        Binding("o", "other", "Other column"),
        Binding("e", "expression", "Expression"),
        Binding("n", "never", "Never suggest"),
        Binding("s,right", "move(1)", "Skip", key_display="s →"),
        Binding("left", "move(-1)", "Back"),
        Binding("u", "undo", "Undo"),
        Binding("q", "quit", "Quit"),
        *(Binding(str(n), f"candidate({n})", show=False) for n in range(1, 10)),
    ]

    def __init__(
        self, sitting: Sitting, items: Sequence[ReviewItem], profiles: Dict[str, TableProfile]
    ) -> None:
        super().__init__()
        self._sitting = sitting
        self._profiles = profiles
        self._items = {item.selector: item for item in items}
        self._order = [item.selector for item in items]
        self._done: set[str] = set()
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Static(id="progress")
        with VerticalScroll():
            yield Static(id="card")
        yield Static(id="said")
        yield Footer()

    def on_mount(self) -> None:
        self._show()

    @property
    def _item(self) -> ReviewItem | None:
        """What is on the screen and waits; None when it is decided."""
        selector = self._order[self._at]
        return None if selector in self._done else self._items[selector]

    def action_accept(self) -> None:
        item = self._item
        if item is not None and item.gone:
            self._show(
                UsageError(f"{item.key} has no column {', '.join(item.gone)}", hint="o chooses another")
            )
        else:
            self._decide("accepted", self._sitting.accept)

    def action_reject(self) -> None:
        self._decide("rejected", self._sitting.reject)

    def action_never(self) -> None:
        self._decide("not proposed again", self._sitting.never)

    def action_candidate(self, number: int) -> None:
        """Take the candidate of that number."""
        item = self._item
        if item is not None and number <= len(item.alternatives):
            self._choose([item.alternatives[number - 1][0]])

    def action_other(self) -> None:
        """Choose among all columns of the table."""
        item = self._item
        if item is None or item.test:
            return
        profile = self._profiles.get(item.key)
        known = {c.name: column_sample(c) for c in profile.columns} if profile else {}
        columns = self._sitting.source_columns(item.selector)
        shown = [known.get(name) or ColumnSample(name, data_type) for name, data_type in columns.items()]
        self.push_screen(ColumnChoice(item.selector, shown, lambda text: self._choose([text])))

    def action_expression(self) -> None:
        """Write an expression over the table's columns."""
        item = self._item
        if item is None or item.test:
            return
        columns = list(self._sitting.source_columns(item.selector))
        start = " ".join((item.expression or (item.sources[0] if len(item.sources) == 1 else "")).split())
        self.push_screen(
            ExpressionEntry(item.selector, columns, start, lambda text: self._choose([], expression=text))
        )

    def action_move(self, step: int) -> None:
        """Go on or back without a decision; at either end it starts from the other."""
        self._at = (self._at + step) % len(self._order)
        self._show()

    def action_undo(self) -> None:
        """Take the last decision of this sitting back, and show what it was about."""
        try:
            selector = self._sitting.undo()
        except AidbtError as error:
            self._show(error)
            return
        self._read_again(selector)
        self._at = self._order.index(selector)
        self._show("taken back")

    def _choose(self, sources: Sequence[str], *, expression: str | None = None) -> str:
        made = expression or sources[0]
        return self._decide(
            f"chosen: {made}",
            lambda selector: self._sitting.choose(selector, sources, expression=expression),
        )

    def _decide(self, verb: str, decide: Callable[[str], None]) -> str:
        """Make a decision about what is on the screen; says what is wrong with it, or ""."""
        item = self._item
        if item is None:
            return ""
        try:
            decide(item.selector)
        except AidbtError as error:
            self._read_again(item.selector)  # somebody else may have decided it
            self._show(error)
            return _told(error)
        self._read_again(item.selector)
        if item.selector in self._done:
            self._go_on()
        self._show(f"{item.selector}: {verb}")
        return ""

    def _read_again(self, selector: str) -> None:
        """What the sitting knows of an item now: it is decided, waits again, or another is proposed."""
        found = self._sitting.item(selector)
        if found is None:
            self._done.add(selector)
            return
        self._done.discard(selector)
        before = self._items[selector]
        if found.proposal != before.proposal:
            (self._items[selector],) = with_samples([found], self._profiles)

    def _go_on(self) -> None:
        """To the next item that waits, from here on and then from the start; else stay."""
        ahead = [*range(self._at + 1, len(self._order)), *range(self._at)]
        self._at = next((n for n in ahead if self._order[n] not in self._done), self._at)

    def _show(self, said: str | AidbtError = "") -> None:
        left = len(self._order) - len(self._done)
        progress = f"{self._at + 1} of {len(self._order)}   {left} waiting, {len(self._done)} decided"
        main = self.screen_stack[0]  # below the screen on which a column is chosen
        main.query_one("#progress", Static).update(Text(progress))
        item = self._item
        selector = self._order[self._at]
        main.query_one("#card", Static).update(card(item) if item else _decided_card(selector, left))
        line = main.query_one("#said", Static)
        line.update(Text(_told(said) if isinstance(said, AidbtError) else said))
        line.set_class(isinstance(said, AidbtError), "error")


class ColumnChoice(ModalScreen[None]):
    """All columns of the table, with a filter; Enter takes the one that is marked."""

    CSS = """
    ColumnChoice { align: center middle; }
    #box { width: 90%; height: 80%; border: round $primary; background: $surface; padding: 0 1; }
    #wrong { color: $text-error; height: auto; }
    OptionList { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("down", "mark(1)", "Down", show=False),
        Binding("up", "mark(-1)", "Up", show=False),
    ]

    def __init__(self, selector: str, columns: Sequence[ColumnSample], attempt: Attempt) -> None:
        super().__init__()
        self._selector = selector
        self._columns = columns
        self._attempt = attempt

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(Text(f"Which column makes {_clean(self._selector)}?"))
            yield Input(placeholder="part of a name, a type or a value")
            yield OptionList()
            yield Static(id="wrong")
            yield Static(Text("Enter takes it, Escape goes back", style="dim"))

    def on_mount(self) -> None:
        self._fill("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def on_input_submitted(self) -> None:
        self._take(self._shown.highlighted)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._take(event.option_index)

    def action_mark(self, step: int) -> None:
        """Mark the next or the previous column, while the filter keeps the keyboard."""
        if self._shown.option_count:
            self._shown.highlighted = ((self._shown.highlighted or 0) + step) % self._shown.option_count

    @property
    def _shown(self) -> OptionList:
        return self.query_one(OptionList)

    def _fill(self, wanted: str) -> None:
        words = wanted.casefold().split()
        by_name = [c for c in self._columns if all(word in c.column.casefold() for word in words)]
        about = [f"{c.column} {c.data_type} {c.text}".casefold() for c in self._columns]
        by_rest = [
            column
            for column, text in zip(self._columns, about, strict=True)
            if column not in by_name and all(word in text for word in words)
        ]
        self._found = [*by_name, *by_rest]
        width = max((len(column.column) for column in self._found), default=0)
        self._shown.clear_options()
        self._shown.add_options([Option(_column_line(column, width)) for column in self._found])
        self._shown.highlighted = 0 if self._found else None

    def _take(self, index: int | None) -> None:
        if index is None:
            return
        wrong = self._attempt(self._found[index].column)
        if wrong:
            self.query_one("#wrong", Static).update(Text(wrong))
        else:
            self.dismiss()


class ExpressionEntry(ModalScreen[None]):
    """One SQL expression over the table's columns; Enter takes it when it can stand in a model."""

    CSS = """
    ExpressionEntry { align: center middle; }
    #box { width: 90%; height: auto; max-height: 80%; border: round $primary; background: $surface;
           padding: 0 1; }
    #wrong { color: $text-error; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back")]

    def __init__(self, selector: str, columns: Sequence[str], start: str, attempt: Attempt) -> None:
        super().__init__()
        self._selector = selector
        self._columns = columns
        self._start = start
        self._attempt = attempt

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(Text(f"SQL for {_clean(self._selector)}, one value over the table's columns:"))
            yield Input(self._start, placeholder="lower(trim(email))", select_on_focus=False)
            yield Static(Text(_clean(", ".join(self._columns)), style="dim"))
            yield Static(id="wrong")
            yield Static(Text("Enter takes it, Escape goes back", style="dim"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        wrong = self._attempt(event.value)
        if wrong:
            self.query_one("#wrong", Static).update(Text(wrong))
        else:
            self.dismiss()


def card(item: ReviewItem) -> Text:
    """Everything about one item that a person needs to decide it."""
    text = Text("\n").join([Text(_clean(item.selector), style="bold"), *_lines(item)])
    text.no_wrap = False
    return text


def _lines(item: ReviewItem) -> Iterator[Text]:
    about = " · ".join(part for part in (item.wanted_type, item.description) if part)
    if about:
        yield Text(_clean(about), style="italic")
    yield Text()
    if item.test:
        yield _labelled("test", item.test, "bold")
        yield _labelled("values" if item.test == "accepted_values" else "of", item.proposal or item.column)
    else:
        yield from _proposal_lines(item)
        yield from _candidate_lines(item)
    if item.note:
        yield _labelled("note", item.note, "yellow")
    for label, reasons in (("why", item.reasons), ("rival", [item.rival] if item.rival else [])):
        for number, reason in enumerate(reasons):
            yield _labelled("" if number else label, reason)
    if item.signals:
        yield _labelled("signals", ", ".join(f"{n} {value:.2f}" for n, value in item.signals.items()), "dim")
    if item.never:
        yield _labelled("never", ", ".join(item.never), "dim")


def _proposal_lines(item: ReviewItem) -> Iterator[Text]:
    if not item.sources and not item.expression:
        yield _labelled("proposed", "nothing was found: o chooses a column, e writes an expression", "yellow")
        return
    sure = f"   {percent(item.score)}" if item.score is not None else ""
    kind = f"   {item.source_type.lower()}" if item.source_type else ""
    yield _labelled("proposed", f"{item.proposal}{kind}{sure}", "bold green")
    if item.expression:
        yield _labelled("made by", " ".join(item.expression.split()))
    if item.cast:
        yield _labelled("cast to", item.cast)
    if item.gone:
        yield _labelled("but", f"{item.key} has no column {', '.join(item.gone)} (any more)", "red")
    for name in item.sources:
        sample = item.sample(name)
        if sample is not None:
            yield _labelled("holds" if len(item.sources) == 1 else name, sample.text)


def _candidate_lines(item: ReviewItem) -> Iterator[Text]:
    for number, (name, score) in enumerate(item.alternatives, 1):
        sample = item.sample(name)
        held = f"   {sample.text}" if sample else ""
        yield _labelled("or" if number == 1 else "", f"{number}  {name}   {percent(score)}{held}")


def _labelled(label: str, text: str, style: str = "") -> Text:
    return Text.assemble((f"{label:>10}  ", "dim"), (_clean(text), style))


def _column_line(column: ColumnSample, width: int) -> Text:
    return Text.assemble(
        (f"{_clean(column.column):<{width}}", "bold"),
        f"  {column.data_type.lower():<10}",
        (f"  {_clean(column.text)}", "dim"),
        no_wrap=True,
    )


def _decided_card(selector: str, left: int) -> Text:
    said = "decided" if left else "decided, and so is everything else: q leaves"
    return Text.assemble((_clean(selector), "bold"), f"\n\n{said}; u takes the last decision back")


def _told(error: AidbtError) -> str:
    return _clean(f"{error.message}. {error.hint or ''}".strip())


def _clean(text: str) -> str:
    """A text from outside without what would move a terminal's cursor."""
    return "".join(char if char.isprintable() else "·" for char in text)
