"""The page of a project's lineage: all of it in one file, nothing loaded, nothing trusted, and it walks as
the library does."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import aidbt
from aidbt.core.findings import Finding, Severity
from aidbt.lineage.graph import ROWS, ColumnRef, Edge, Lineage, NodeLineage
from aidbt.lineage.page import lineage_page, share
from aidbt.sql.resolved import ColumnUse
from tests.aidbt.lineage.lineages import DIM, FCT, column, graphs, layered, shop

SCRIPTS = Path(aidbt.__file__).parent / "templates" / "report" / "lineage"
NASTY = "</script><img src=x onerror=alert(1)>\"'&{{ x }}"


class Reader(HTMLParser):
    """The tags of a page with their attributes, and the text of each kind of tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.setdefault(self.open[-1] if self.open else "", []).append(data)


def data_of(page: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Reader(page).text["script"][0])
    return data


def edges_in(data: dict[str, Any]) -> set[Edge]:
    """The edges that the page knows, read as its script reads them."""

    def name(node: int, at: int) -> ColumnRef:
        row = data["nodes"][node]
        return ColumnRef(row[0], row[10][at][0] if at >= 0 else ROWS)

    def edges(uses: list[int], target: ColumnRef) -> set[Edge]:
        triples = zip(uses[::3], uses[1::3], uses[2::3], strict=True)
        return {Edge(name(node, at), target, data["hows"][how]) for node, at, how in triples}

    found: set[Edge] = set()
    for row in data["nodes"]:
        found |= edges(row[9], ColumnRef(row[0], ROWS))
        for its in row[10]:
            found |= edges(its[3] if len(its) > 3 else [], ColumnRef(row[0], its[0]))
    return found


# --- what stands in it --------------------------------------------------------------------------------


def test_the_coverage_stands_at_the_top_without_any_script():
    text = " ".join(
        "".join(part).strip() for part in Reader(lineage_page(shop(), project="shop")).text["span"]
    )
    bold = Reader(lineage_page(shop(), project="shop")).text["b"]

    assert bold == ["90.4 %"]
    for said in (
        "5 of 6 models read from SQL",
        "18 columns end in",
        "2 not resolved",
        "1 node may have more",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 7, "0.0 %"), (2, 3, "66.6 %"), (99_999, 100_000, "99.9 %"), (4, 4, "100 %"), (0, 0, "100 %")],
)
def test_a_share_is_never_rounded_up_to_all_of_it(part: int, whole: int, said: str):
    assert share(part, whole) == said


def test_every_edge_of_the_project_is_in_the_page():
    lineage = shop()

    assert edges_in(data_of(lineage_page(lineage, project="shop"))) == set(lineage.edges())


@settings(max_examples=40)
@given(graphs())
def test_every_edge_of_any_graph_is_in_the_page(lineage: Lineage):
    assert edges_in(data_of(lineage_page(lineage, project="any"))) == set(lineage.edges())


def test_a_use_of_what_nothing_lists_has_its_end_in_the_page_too():
    columns = (column("x", ("model.gone", "a", "rename"), ("source.known", "b", "expression")),)
    model = NodeLineage(
        "model.m", "m", "model", columns=columns, row_uses=(ColumnUse("model.gone", "", "join"),)
    )
    lineage = Lineage({"source.known": NodeLineage("source.known", "s.known", "source"), "model.m": model})

    data = data_of(lineage_page(lineage, project="p"))

    assert edges_in(data) == set(lineage.edges())
    [known] = [row for row in data["nodes"] if row[0] == "source.known"]
    [unlisted] = known[10]
    assert (unlisted[0], data["texts"][unlisted[5]]) == (
        "b",
        "it is read, but s.known is not known to have it",
    )


def test_what_is_not_known_and_what_was_found_stand_there_with_their_nodes():
    data = data_of(lineage_page(shop(), project="shop"))
    names = [row[1] for row in data["nodes"]]

    unresolved = [[names[node], columns, why] for node, columns, why in data["unresolved"]]
    assert unresolved == [["scores", ["email", "score"], "it is a Python model"]]
    assert [names[node] for node, *_ in data["incomplete"]] == ["crm.users"]
    found = [
        (severity, code, [names[node] for node in nodes]) for severity, code, _, _, nodes in data["findings"]
    ]
    assert found == [("error", "column.unknown", ["dim_customer"]), ("warn", "lineage.type", ["crm.users"])]


def test_a_very_long_expression_is_cut():
    node = NodeLineage("model.m", "m", "model", columns=(column("x", text="1 + " * 5_000),))

    assert max(map(len, data_of(lineage_page(Lineage({"model.m": node}), project="p"))["texts"])) < 1_010


@pytest.mark.long
def test_a_thousand_models_of_25_columns_are_one_page_of_a_few_megabytes():
    page = lineage_page(layered(1_000, 25, width=50), project="big")

    assert len(data_of(page)["nodes"]) == 1_050
    assert len(page.encode()) < 10_000_000


# --- what it may not do -------------------------------------------------------------------------------


def nasty() -> Lineage:
    columns = (column(NASTY, data_type=NASTY), column("a\u2028b\x00\ud800"), column("Größe 数量"))
    source = NodeLineage(
        f"source.{NASTY}", NASTY, "source", NASTY, columns, False, why=NASTY, tags={NASTY: (NASTY, "pii")}
    )
    uses = column("x", (source.unique_id, NASTY, "rename"), text=NASTY)
    model = NodeLineage("model.m", "m" * 500, "model", columns=(uses,))
    finding = Finding("c", Severity.ERROR, NASTY, NASTY)
    return Lineage({source.unique_id: source, model.unique_id: model}, [finding])


def test_what_comes_from_outside_is_text_and_nothing_else():
    page = lineage_page(nasty(), project=NASTY)
    read = Reader(page)

    assert "img" not in {tag for tag, _ in read.tags}
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]
    assert not read.open
    assert len(read.text["script"]) == 2
    data = data_of(page)
    assert data["nodes"][0][1] == NASTY
    assert data["nodes"][0][10][1][0] == "a\u2028b\x00\ud800"
    page.encode()


def test_the_scripts_make_no_markup_of_text_and_send_nothing():
    text = "".join(path.read_text() for path in sorted(SCRIPTS.glob("*.js")))

    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
    ):
        assert word not in text
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}


def test_the_page_needs_and_loads_no_other_file():
    page = lineage_page(shop(), project="shop")
    read = Reader(page)

    assert not [attributes for _, attributes in read.tags if "src" in attributes]
    assert {str(attributes["href"])[0] for _, attributes in read.tags if "href" in attributes} == {"#"}
    assert not re.search(r"url\(|@import|<link|<iframe", page)


def test_the_policy_of_the_page_runs_its_own_script_and_style_and_nothing_else():
    read = Reader(lineage_page(shop(), project="shop"))
    policy = str(next(a["content"] for _, a in read.tags if a.get("http-equiv") == "Content-Security-Policy"))

    def hashed(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == hashed(read.text["script"][1])
    assert rules["style-src"] == hashed(read.text["style"][0])


def test_the_same_lineage_gives_the_same_page():
    assert lineage_page(shop(), project="shop") == lineage_page(shop(), project="shop")


def test_an_empty_project_is_a_page():
    assert "No columns" in lineage_page(Lineage({}), project="empty")


# --- what its script does -----------------------------------------------------------------------------

NODE = shutil.which("node")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

# Walks every column as the picture does, and prints the edges by name.
WALK = """
const text = require("fs").readFileSync(0, "utf8");
globalThis.document = { getElementById: () => ({ textContent: text }) };
const [graph, layout] = process.argv.slice(1).map((file) => require("fs").readFileSync(file, "utf8"));
const run = new Function(graph + layout + `
  const name = (ref) => [nodeAt[ref].id, isRows(ref) ? "" : columnAt(ref).name];
  const both = [false, true];
  const ways = both.flatMap((up) => both.flatMap((rows) => [1, 2, 99].map((depth) => [up, rows, depth])));
  const result = { walks: [], tags: [], around: [] };
  for (let ref = 0; ref < nodeAt.length; ref += 1) {
    for (const tag of tagsOf.get(ref) ?? []) {
      result.tags.push([name(ref), tag, originsOf(ref, tag).map(name)]);
    }
    if (isRows(ref)) continue;
    const card = nodeAt[ref].index;
    const none = new Set();
    const whole = { focus: ref, up: true, down: true, depth: 99, rows: true, open: none, shut: none };
    const [small, all] = [walk(whole, 3), walk(whole, 1000)];
    const shut = walk({ ...whole, shut: new Set(["up:" + card, "down:" + card]) }, 1000);
    const opened = walk({ ...whole, depth: 0, open: new Set(["up:" + card]) }, 1000);
    const once = walk({ ...whole, depth: 1, down: false }, 1000);
    result.around.push({
      cards: small.cards.size, cut: small.cut > 0, all: all.cards.size, shut: shut.edges.size,
      opened: [...opened.edges.keys()], once: [...once.edges.keys()],
    });
    for (const way of ways) {
      const [up, rows, depth] = way;
      const view = { focus: ref, up, down: !up, depth, rows, open: new Set(), shut: new Set() };
      const found = walk(view, 1000);
      const ends = [...found.edges.values()];
      const edges = ends.flatMap(([s, t, hows]) => [...hows].map((how) => [name(s), name(t), HOWS[how]]));
      const cards = [...found.cards.keys()].map((key) => ({ key, height: 60 }));
      const links = ends.map(([s, t]) => (
        { from: nodeAt[s].index, to: nodeAt[t].index, fromY: 50, toY: 50 }
      ));
      const { cells } = layOut(cards, links);
      const places = [...cells.values()].map(({ x, y }) => [x, y]);
      result.walks.push([name(ref), ...way, edges, places]);
    }
  }
  return result;`);
console.log(JSON.stringify(run()));
"""


def script_says(lineage: Lineage) -> dict[str, Any]:
    assert NODE is not None
    data = Reader(lineage_page(lineage, project="p")).text["script"][0]
    done = subprocess.run(
        [NODE, "-e", WALK, str(SCRIPTS / "graph.js"), str(SCRIPTS / "layout.js")],
        input=data,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def with_a_circle() -> Lineage:
    nodes = {
        name: NodeLineage(
            name, name, "model", columns=(column("c", (other, "c", "passthrough")), column("d"))
        )
        for name, other in (("a", "c"), ("b", "a"), ("c", "b"))
    }
    return Lineage(nodes)


@pytest.mark.skipif(NODE is None, reason="no node to run the script of the page")
@pytest.mark.parametrize("build", [shop, with_a_circle, lambda: layered(12, 3, width=3)])
def test_the_page_walks_as_the_library_does_and_no_card_covers_another(build):
    lineage = build()

    said = script_says(lineage)

    for ref, up, rows, depth, edges, places in said["walks"]:
        walk = lineage.upstream if up else lineage.downstream
        expected = {
            ((e.source.node, e.source.column), (e.target.node, e.target.column), e.how)
            for e in walk(ColumnRef(*ref), depth=depth, rows=rows)
        }
        assert {(tuple(s), tuple(t), how) for s, t, how in edges} == expected, (ref, up, rows, depth)
        for at, (x, y) in enumerate(places):
            for other_x, other_y in places[:at]:
                assert x != other_x or abs(y - other_y) >= 60
    for around in said["around"]:
        assert around["cards"] == min(3, around["all"])
        assert around["cut"] == (around["all"] > 3)
        assert around["shut"] == 0, "a card that is shut shows nothing behind it"
        assert around["opened"] == around["once"], "+ shows one step more"
    tags = {
        (ColumnRef(*ref), tag): tuple(sorted(ColumnRef(*o) for o in refs)) for ref, tag, refs in said["tags"]
    }
    assert tags == {(ref, tag): at for ref, its in lineage.carried_tags.items() for tag, at in its.items()}


def drawn(page: Path, address: str) -> str:
    """The page as a browser has it after its script ran."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={page.parent / 'browser'}",
            "--virtual-time-budget=3000",
            "--dump-dom",
            f"{page.as_uri()}{address}",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.rpartition('<script type="application/json"')[0]


@pytest.mark.skipif(CHROMIUM is None, reason="no browser to open the page in")
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            f"#node={FCT}&column=amount_eur",
            ["<svg", "amount_eur double, expression, of fct_orders", "o.amount * r.rate"],
        ),
        (f"#node={DIM}", ["Columns", "stg_crm__users", "COUNT(*)", "no column is called"]),
        pytest.param(
            "",
            ["How much is known", "Not resolved, and why", "it is a Python model", "declared on 2 columns"],
            marks=pytest.mark.long,
        ),
        pytest.param("#tag=pii", ["nothing reads it further", "crm.users.e_mail"], marks=pytest.mark.long),
        pytest.param("#node=model.gone", ["is not in this project"], marks=pytest.mark.long),
    ],
)
def test_a_browser_shows_what_the_address_names(address: str, expected: list[str], tmp_path: Path):
    page = tmp_path / "lineage.html"
    page.write_text(lineage_page(shop(), project="shop"))

    shown = drawn(page, address)

    assert [text for text in expected if text not in shown] == []
