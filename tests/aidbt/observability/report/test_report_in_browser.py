"""The page in a real browser: at a desk and on a phone, light and dark, with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aidbt.observability.report.page import report_page
from tests.aidbt.observability.report import made
from tests.aidbt.observability.report.test_report_page import nasty
from tests.browser import CHROMIUM, Tab, open_browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser to open the page in")

REPORTS = {
    "shop": made.shop, "failing": made.failing, "healthy": made.healthy, "empty": made.empty, "nasty": nasty,
}  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with open_browser(tmp_path_factory.mktemp("chromium")) as tab:
        yield tab


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, report in REPORTS.items():
        (folder / f"{name}.html").write_text(report_page(report()))
    return {name: folder / f"{name}.html" for name in REPORTS}


@pytest.fixture
def tab(browser: Tab) -> Tab:
    browser.problems.clear()
    browser.prefer("light")
    return browser


def background(tab: Tab) -> str:
    return str(tab.run("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_fails_nothing_is_loaded_and_nothing_is_wider_than_the_window(
    name: str, width: int, tab: Tab, pages: dict[str, Path]
):
    tab.open(pages[name], width=width)

    assert tab.problems == []
    assert tab.requests == [pages[name].as_uri()]
    assert tab.run("document.documentElement.scrollWidth") <= width
    # Nor does anything stick out of its box, unless that one scrolls.
    assert tab.run("""[...document.querySelectorAll("main *")].filter((e) =>
        e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("svg, .scroll, .hidden-text")
    ).map((e) => e.outerHTML.slice(0, 80))""") == []  # fmt: skip
    assert tab.run("""[...document.querySelectorAll(":is(.panel, article, .tile) *")].filter((e) =>
        e.getBoundingClientRect().right - 1
            > e.closest(".panel, article, .tile").getBoundingClientRect().right
        && !e.closest("svg svg, .scroll, .hidden-text, text")
    ).map((e) => e.outerHTML.slice(0, 80))""") == []  # fmt: skip


def test_the_theme_follows_the_system_until_a_person_chooses(tab: Tab, pages: dict[str, Path]):
    tab.open(pages["shop"])
    light = background(tab)
    tab.prefer("dark")
    dark = background(tab)
    assert light != dark

    choose = "(() => {{ theme.value = '{}'; theme.dispatchEvent(new Event('change')); }})()"
    tab.run(choose.format("light"))
    assert background(tab) == light
    tab.prefer("light")
    tab.run(choose.format("dark"))
    assert background(tab) == dark
    tab.run(choose.format("auto"))
    assert background(tab) == light


# Of each text that can be seen: the contrast of its colour with what is behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].reduce((sum, part, at) => {
    const c = part / 255;
    return sum + [0.2126, 0.7152, 0.0722][at] * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  }, 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba("white");
  };
  const poor = new Set();
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest("svg, script, option") || !node.checkVisibility()) continue;
    const [a, b] = [light(rgba(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.add(node.className + ": " + node.textContent.trim().slice(0, 40));
  }
  return [...poor];
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(scheme: str, tab: Tab, pages: dict[str, Path]):
    tab.prefer(scheme)
    tab.open(pages["shop"])

    assert tab.run(CONTRASTS) == []


def test_the_keyboard_reaches_the_content_first_and_sees_where_it_is(tab: Tab, pages: dict[str, Path]):
    tab.open(pages["shop"])

    tab.press("Tab")
    assert tab.run("document.activeElement.className") == "skip"
    assert tab.run("document.activeElement.getBoundingClientRect().left >= 0")
    assert tab.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.press("Enter")
    assert tab.run("document.activeElement.id") == "main"


def test_arrow_keys_walk_through_a_chart_and_say_its_values(tab: Tab, pages: dict[str, Path]):
    tab.open(pages["shop"])
    tab.run("document.querySelector('.chart').focus()")

    tab.press("End")
    assert tab.run("said.textContent").startswith("2026-03-13, 349, ")
    assert tab.run("tip.hidden") is False
    tab.press("ArrowLeft")
    assert tab.run("said.textContent").startswith("2026-03-12, 367, ")
    tab.press("Home")
    tab.press("ArrowLeft")
    assert tab.run("said.textContent").startswith("2026-01-13, ")
    tab.press("Escape")
    assert tab.run("tip.hidden") is True


def test_the_pointer_shows_the_value_below_it(tab: Tab, pages: dict[str, Path]):
    tab.open(pages["shop"])
    tab.run("document.querySelector('.chart').scrollIntoView({ behavior: 'instant', block: 'center' })")
    x, y, width = tab.run("""(() => {
        const box = document.querySelector(".chart").getBoundingClientRect();
        return [box.left, box.top, box.width];
    })()""")  # fmt: skip

    tab.move(x + width - 2, y + 60)

    assert tab.run("tip.querySelector('b').textContent") == "349"
    assert tab.run("tip.getBoundingClientRect().right") <= 1280
    tab.move(x + width - 2, y - 200)
    assert tab.run("tip.hidden") is True


def shown_rows(tab: Tab, caption: str) -> list[str]:
    found = tab.run(f"""(() => {{
        const table = [...document.querySelectorAll("table")]
            .find((t) => t.caption.textContent.startsWith({caption!r}));
        return [...table.tBodies[0].rows].filter((r) => getComputedStyle(r).display !== "none")
            .map((r) => r.cells[0].textContent.trim());
    }})()""")  # fmt: skip
    return [str(name) for name in found]


def test_a_long_table_shows_its_beginning_filters_and_shows_all(tab: Tab, pages: dict[str, Path]):
    tab.open(pages["shop"])
    assert len(shown_rows(tab, "Runs of dbt")) == 12

    tab.run("document.querySelector('[aria-label=\"Filter: Runs of dbt\"]').focus()")
    tab.type("failed")
    assert shown_rows(tab, "Runs of dbt") == ["2026-03-13 05:30", "2026-03-01 05:30"]
    assert tab.run("document.querySelector('#runs [role=status]').textContent") == "2 of 28 shown"
    tab.run("Object.assign(document.activeElement, { value: '' }).dispatchEvent(new Event('input'))")
    tab.run(
        "[...document.querySelectorAll('#runs button')].find((b) => b.textContent === 'Show all 28').click()"
    )
    assert len(shown_rows(tab, "Runs of dbt")) == 28


def test_a_table_is_ordered_by_numbers_as_numbers(tab: Tab, pages: dict[str, Path]):
    tab.open(pages["shop"])
    tab.run("document.querySelectorAll('#runs th button')[3].click()")

    assert tab.run("document.querySelectorAll('#runs thead th')[3].ariaSort") == "descending"
    took = tab.run(
        "[...document.querySelectorAll('#runs tbody tr')].map((r) => Number(r.cells[3].dataset.v))"
    )
    assert took == sorted(took, reverse=True)
    tab.run("document.querySelectorAll('#runs th button')[3].click()")
    took = tab.run(
        "[...document.querySelectorAll('#runs tbody tr')].map((r) => Number(r.cells[3].dataset.v))"
    )
    assert took == sorted(took)


def test_the_address_of_an_incident_that_is_over_opens_it(tab: Tab, pages: dict[str, Path]):
    tab.open(pages["shop"], address="#INC-3")

    assert tab.run("document.getElementById('INC-3').open") is True


def test_what_hostile_names_hold_does_not_run(tab: Tab, pages: dict[str, Path]):
    tab.open(pages["nasty"])

    assert tab.run("document.images.length") == 0
    assert tab.run("document.title").startswith("</script>")


@pytest.mark.long
def test_of_a_thousand_models_little_has_to_be_laid_out_at_first(tab: Tab, tmp_path: Path):
    page = tmp_path / "large.html"
    page.write_text(report_page(made.large()))
    tab.open(page)

    assert tab.problems == []
    assert tab.run("document.querySelectorAll('*').length") < 150_000
    assert tab.run("[...document.querySelectorAll('tr')].filter((row) => row.checkVisibility()).length") < 100
