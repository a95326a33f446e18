"""Hypothesis strategies: any style of YAML, and any value that a YAML file of ours may hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from aidbt.patching import Flow, YamlStyle

STYLES = st.builds(
    YamlStyle,
    indent=st.integers(1, 4),
    list_indent=st.integers(0, 4),
    entry_indent=st.integers(2, 4),
    quote_word=st.sampled_from(["plain", "single", "double"]),
    quote_text=st.sampled_from(["plain", "single", "double"]),
    quote=st.sampled_from(["single", "double"]),
    flow_lists=st.booleans(),
    flow_exceptions=st.sampled_from([frozenset(), frozenset({"id", "a"})]),
    flow_width=st.sampled_from([10, 100]),
    long_text=st.sampled_from(["plain", ">", "|"]),
    blank_lines=st.sampled_from([(), (1,), (0, 1, 2)]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    final_newline=st.booleans(),
)


def values(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Leaves, and lists and mappings of them, some of them asked for in flow style."""

    def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        lists = st.lists(inner, max_size=4)
        mappings = st.dictionaries(keys, inner, max_size=4)
        return st.one_of(lists, mappings, lists.map(Flow), mappings.map(Flow))

    return st.recursive(leaves, grown, max_leaves=15)
