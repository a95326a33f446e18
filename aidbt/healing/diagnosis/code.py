"""A change of the code is the cause: which file, which lines, which word, and what stood there before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from aidbt.core.errors import nearest
from aidbt.core.failures import Classified
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Diagnosis, Evidence, Stage
from aidbt.core.measured import node_name
from aidbt.healing.diagnosis.concerning import mentions
from aidbt.healing.diagnosis.finding import (
    GUESS,
    LIKELY,
    PROVED,
    STRONG,
    changes_above,
    diagnosis,
    git_evidence,
    message_evidence,
    node_at,
)
from aidbt.healing.diagnosis.symptoms import Symptom
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.code_changes import FileChange, replaced_words
from aidbt.healing.evidence.project_names import arguments_of, variables_of
from aidbt.project.files import PROJECT_FILE
from aidbt.project.manifest import Manifest, Node

_CLASS_OF = {
    "missing_dbt_var": E.COMPILATION, "missing_argument": E.COMPILATION,
    "missing_ref": E.COMPILATION, "missing_source": E.COMPILATION, "missing_macro": E.COMPILATION,
    "jinja": E.COMPILATION, "yaml": E.COMPILATION, "cycle": E.COMPILATION, "contract": E.COMPILATION,
    "syntax": E.SQL_SYNTAX, "missing_column": E.SQL_SEMANTIC, "missing_relation": E.SQL_SEMANTIC,
    "missing_schema": E.SQL_SEMANTIC, "missing_function": E.SQL_SEMANTIC, "ambiguous": E.SQL_SEMANTIC,
    "set_operation": E.SQL_SEMANTIC, "type_mismatch": E.SQL_SEMANTIC, "bad_cast": E.SQL_SEMANTIC,
    "duplicate_key": E.SQL_SEMANTIC, "not_null": E.SQL_SEMANTIC, "missing_role": E.SQL_SEMANTIC,
}  # fmt: skip
_WHAT_OF = {
    "missing_ref": "ref", "missing_source": "source", "missing_macro": "macro", "missing_column": "column",
    "missing_function": "function", "missing_relation": "relation", "syntax": "syntax", "jinja": "jinja",
    "yaml": "yaml", "missing_dbt_var": "variable", "missing_argument": "argument",
    "missing_role": "role",
}  # fmt: skip
_NAMES = frozenset((
    "missing_ref", "missing_source", "missing_macro", "missing_column", "missing_function",
    "missing_dbt_var", "missing_argument", "missing_role",
))  # fmt: skip


# Which functions and roles a warehouse has is not known.
_NOT_OURS = ("missing_function", "missing_role")


def wrong_code(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """The change of the code that made a node, or the whole run, fail; None where no file changed that it
    could be."""
    return code_cause(case, failure, symptom, _CLASS_OF.get(symptom.what, E.SQL_SEMANTIC))


def code_cause(case: Case, failure: RunFailure, symptom: Symptom, error_class: E) -> Diagnosis | None:
    """The same, of a class that is known already."""
    files = _files(case, failure, symptom)
    if not files:
        return _unchanged_name(case, failure, symptom)
    word, _ = _wrong_word(case, failure, symptom)
    named = [change for change in files if word and _introduces(change, word)]
    named = named or [change for change in files if word and mentions(change, [word])]
    change = (named or files)[0]
    facts: dict[str, object] = {
        "file": change.path, "lines": change.lines, "what": _WHAT_OF.get(symptom.what, "logic"),
        "node": failure.unique_id, "token": symptom.token or _bare(symptom.name),
    }  # fmt: skip
    proof = [git_evidence(case, change), message_evidence(failure)]
    if symptom.what in _NAMES and symptom.name:
        facts |= _typo(case, failure, symptom, change, proof)
    if symptom.what == "missing_argument":
        facts["macro"] = symptom.relation
    deleted = _deleted(case, symptom)
    if deleted is not None:
        facts |= {"file": deleted.path, "what": "file"}
        proof.insert(0, git_evidence(case, deleted))
    sure = PROVED if facts.get("replacement") or deleted else STRONG if len(files) == 1 or named else LIKELY
    return diagnosis(
        f"code:{change.path}", error_class, sure if case.code.is_since_good else min(sure, LIKELY),
        failure=failure, root=node_at(case, str(facts["file"])) or "project", proof=proof,
        facts=facts, ruled_out=[e for e in [_sources_same(case, failure)] if e],
        next_step=_next(facts, change),
    )  # fmt: skip


def mistyped_variable(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """A variable of dbt that has no value because a change wrote its name otherwise, where it is asked for or
    where it gets its value; None where no change did."""
    found = code_cause(case, failure, symptom, E.COMPILATION)
    if found is not None and nearest(symptom.name, [found.facts.get("replacement", "")]):
        return found
    own = case.code.of(PROJECT_FILE)
    named = [new for old, new in replaced_words(own) if old == symptom.name] if own is not None else []
    if own is None or len(named) != 1 or symptom.name not in variables_of(own.before or ""):
        return None
    facts = {"file": own.path, "lines": own.lines, "what": "variable", "node": failure.unique_id,
             "token": symptom.name}  # fmt: skip
    return diagnosis(
        f"code:{own.path}", E.COMPILATION, STRONG if case.code.is_since_good else GUESS, failure=failure,
        root="project", proof=[git_evidence(case, own), message_evidence(failure)], facts=facts,
        next_step=f"look at line {own.lines} of {own.path}: {symptom.name} is called {named[0]} there now",
    )  # fmt: skip


def own_code(case: Case, failure: RunFailure, symptom: Symptom, said: Classified | None) -> Diagnosis | None:
    """That what failed, or the file its message names, was changed, where nothing else tells the cause."""
    error_class = said.error_class if said is not None else E.UNCLASSIFIED_ERROR
    is_setting = error_class is E.MISSING_SETTING and not failure.unique_id
    if error_class.family in ("TRANSIENT", "CONFIGURATION", "DATA_CORRUPTION") and not is_setting:
        return None
    node = case.node(failure.unique_id)
    named = (symptom.path, failure.path, *(node.path for node in _written_into(case, failure.unique_id)))
    paths = [path for path in named if path]
    if not any(_of(case, path) for path in paths):
        return None
    if error_class.family not in ("CODE", "CONFIGURATION"):
        is_python = any(path.endswith(".py") for path in paths)
        error_class = E.PYTHON_EXCEPTION if is_python else E.SQL_SEMANTIC if node else E.COMPILATION
    return code_cause(case, failure, symptom, error_class)


def _written_into(case: Case, unique_id: str) -> list[Node]:
    """A node, and the ephemeral models that are part of its SQL."""
    node = case.node(unique_id)
    found = [node] if node is not None else []
    for one in found:
        parents = [case.node(parent) for parent in one.depends_on]
        found += [p for p in parents if p is not None and p.config.get("materialized") == "ephemeral"
                  and p not in found]  # fmt: skip
    return found


def broken_seed(case: Case, failure: RunFailure) -> Diagnosis | None:
    """A seed whose file was changed: it is in the project, so a commit did it."""
    node = case.node(failure.unique_id)
    change = case.code.of(node.path) if node is not None else None
    if change is None:
        return None
    return diagnosis(
        f"code:{change.path}", E.CORRUPT_DATA,
        STRONG if case.code.is_since_good else GUESS, failure=failure, root=failure.unique_id,
        proof=[git_evidence(case, change), message_evidence(failure)],
        facts={"file": change.path, "lines": change.lines, "what": "seed", "node": failure.unique_id},
        next_step=f"look at line {change.lines} of {change.path}",
    )  # fmt: skip


def changed_code(case: Case, failure: RunFailure, root: str, files: Sequence[FileChange]) -> Diagnosis:
    """That the logic above a failure changed while its sources did not."""
    change = files[0]
    root = node_at(case, change.path) or root
    proof = [git_evidence(case, item) for item in files[:3]] + [message_evidence(failure)]
    facts = {"file": change.path, "lines": change.lines, "what": "logic", "node": root}
    return diagnosis(
        f"code:{change.path}", E.SQL_SEMANTIC, STRONG if case.code.is_since_good else GUESS, failure=failure,
        root=root, proof=proof, facts=facts,
        ruled_out=[e for e in [_sources_same(case, failure)] if e],
        next_step=f"look at line {change.lines} of {change.path}: what it means is a decision",
    )  # fmt: skip


def _files(case: Case, failure: RunFailure, symptom: Symptom) -> list[FileChange]:
    """The changed files that can be the cause, the likeliest first: the one the message names, the node's own
    and those above it; of a run that got to no node all that changed."""
    if symptom.what == "missing_role":  # grants stand in any file
        return [change for change in case.code.files if _introduces(change, symptom.name)]
    named = [change for path in (symptom.path, failure.path) if (change := _of(case, path))]
    above = changes_above(case, failure.unique_id) if failure.unique_id else []
    if symptom.what == "contract":
        described = case.code.of(_described_in(case, failure.unique_id))
        above += [described] if described is not None else []
    if named or above:
        return list(dict.fromkeys([*named, *above]))
    if failure.unique_id:  # a variable, a hook, a setting of a folder of models
        settings = case.code.of(PROJECT_FILE)
        return [settings] if settings is not None else []
    word, _ = _wrong_word(case, failure, symptom)
    telling = [change for change in case.code.files if word and _introduces(change, word)]
    return telling or list(case.code.files)


def _described_in(case: Case, unique_id: str) -> str:
    """The YAML file of a node; "" for none."""
    node = case.node(unique_id)
    return str(node.raw.get("patch_path") or "").partition("://")[2] if node is not None else ""


def _of(case: Case, path: str) -> FileChange | None:
    if not path:
        return None
    exact = case.code.of(path)
    inside = (change for change in case.code.files if change.path.endswith("/" + path.lstrip("./")))
    return exact or next(inside, None)


def _introduces(change: FileChange, word: str) -> bool:
    """Whether a word stands in the new lines and did not stand in the file before."""
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    new = any(pattern.search(line) for hunk in change.hunks for line in hunk.new)
    return new and not pattern.search(change.before or "")


def _bare(name: str) -> str:
    """The last part of a dotted name."""
    return name.rpartition(".")[2]


def _typo(
    case: Case, failure: RunFailure, symptom: Symptom, change: FileChange, proof: list[Evidence]
) -> dict[str, object]:
    """The wrong word and what it was: the word that stood in its place, else the only near name there is."""
    word, known = _wrong_word(case, failure, symptom)
    stood_there = [old for old, _ in replaced_words(change, [word])]
    is_ours = symptom.what not in _NOT_OURS
    before = [old for old in stood_there if not is_ours or old.casefold() in _folded(known)]
    like = nearest(word, known)
    replacement = before[0] if before else like if like and _introduces(change, word) else None
    if replacement is None or replacement.casefold() == word.casefold():
        return {"token": word}
    stood = "stood in its place before" if before else "is the nearest name there is"
    what = _WHAT_OF.get(symptom.what, "word")
    text = f"there is no {what} {word}; {replacement} {stood}"
    proof.insert(0, Evidence("artifact", change.path, text))
    return {"token": word, "replacement": replacement}


def _wrong_word(case: Case, failure: RunFailure, symptom: Symptom) -> tuple[str, list[str]]:
    """(the part of a name that does not exist, the names there are for it)."""
    manifest = case.good_manifest or case.manifest
    source, dot, table = symptom.name.partition(".")
    if symptom.what != "missing_source" or not dot or manifest is None:
        return _bare(symptom.name), known_names(case, failure, symptom)
    tables: dict[str, list[str]] = {}
    for node in manifest.sources.values():
        tables.setdefault(node.source_name, []).append(node.name)
    return (table, tables[source]) if source in tables else (source, list(tables))


def known_names(case: Case, failure: RunFailure, symptom: Symptom) -> list[str]:
    """The names that exist where a message misses one: models, sources, macros, columns of what is read."""
    manifest = case.good_manifest or case.manifest
    if symptom.what == "missing_column":
        return _columns_read(case, failure)
    if manifest is None:
        return []
    if symptom.what == "missing_macro":
        macros = (manifest.raw.get("macros") or {}).values()
        names = [str(macro.get("name")).removeprefix("test_") for macro in macros]
        return [*names, *{str(macro.get("package_name")) for macro in macros}]
    if symptom.what in _NOT_OURS:
        return []
    if symptom.what == "missing_argument":
        return arguments_of(manifest, symptom.relation)
    if symptom.what == "missing_dbt_var":
        return variables_of(case.good.texts.get(PROJECT_FILE, "")) if case.good is not None else []
    if symptom.what == "missing_source":
        return [name for node in manifest.sources.values() for name in (node.name, node.source_name)]
    return [node.name for node in manifest.nodes.values() if node.resource_type in _REFERABLE]


_REFERABLE = ("model", "seed", "snapshot")


def _columns_read(case: Case, failure: RunFailure) -> list[str]:
    node = case.node(failure.unique_id)
    found: list[str] = []
    for parent in node.depends_on if node is not None else ():
        if parent in case.tables and case.tables[parent].now is not None:
            found += case.tables[parent].now.names  # type: ignore[union-attr]
        elif case.lineage is not None and parent in case.lineage.nodes:
            found += [column.name for column in case.lineage.nodes[parent].columns]
    if case.lineage is not None and failure.unique_id in case.lineage.nodes:
        found += [column.name for column in case.lineage.nodes[failure.unique_id].columns]
    return list(dict.fromkeys(found))


def _deleted(case: Case, symptom: Symptom) -> FileChange | None:
    """The deleted file that held what is missing."""
    if symptom.what not in ("missing_ref", "missing_macro", "missing_source") or not symptom.name:
        return None
    word = _bare(symptom.name)
    for change in case.code.files:
        stem = change.path.rpartition("/")[2].partition(".")[0]
        if change.kind == "deleted" and stem.casefold() == word.casefold():
            return change
        gone = "\n".join(line for hunk in change.hunks for line in hunk.old)
        defines = re.search(rf"macro\s+{re.escape(word)}\s*\(", gone)
        if symptom.what == "missing_macro" and defines and word not in (change.after or ""):
            return change
    return None


def _unchanged_name(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """A name that does not exist, although no file is known to have changed."""
    if symptom.what not in (
        "missing_ref",
        "missing_source",
        "missing_macro",
        "jinja",
        "yaml",
        "syntax",
        "cycle",
    ):
        return None
    facts: dict[str, object] = {
        "file": symptom.path or failure.path, "what": _WHAT_OF.get(symptom.what, "code"),
        "token": _bare(symptom.name) or symptom.token, "node": failure.unique_id,
    }  # fmt: skip
    known = known_names(case, failure, symptom) if symptom.name else []
    like = nearest(_bare(symptom.name), known) if symptom.name else None
    if like:
        facts["alternatives"] = like
    step = f"look at {facts['file'] or 'the file that the message names'}"
    return diagnosis(
        f"code:{facts['file']}", _CLASS_OF[symptom.what], LIKELY, failure=failure,
        root=failure.unique_id or "project", proof=[message_evidence(failure)], facts=facts,
        unknown=[] if case.code.since else ["what changed in the files"],
        next_step=step + (f"; did it mean {like}?" if like else ""),
    )  # fmt: skip


def _sources_same(case: Case, failure: RunFailure) -> Evidence | None:
    """That the sources above are as they were, as what rules out the data."""
    names = case.ancestors(failure.unique_id) if failure.unique_id else []
    changes = [case.tables[name] for name in names if name in case.tables]
    if not changes or any(change.was is None or change.has_changed for change in changes):
        return None
    listed = ", ".join(node_name(change.source) for change in changes[:4])
    return Evidence(
        "source_schema", listed, f"the sources above it have the columns and values they had: {listed}"
    )


def _next(facts: dict[str, object], change: FileChange) -> str:
    if facts.get("what") == "file":
        return f"bring {facts['file']} back, or take out what reads it"
    if facts.get("replacement"):
        return f"write {facts['replacement']} for {facts['token']} in {facts['file']}, and keep the rest"
    return f"look at line {change.lines} of {change.path}"


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def missing_packages(case: Case, failure: RunFailure, symptom: Symptom) -> Diagnosis | None:
    """Packages that the project asks for and that are not installed."""
    asked, installed = case.packages
    missing = sorted(asked - installed) or ([symptom.name] if symptom.name else [])
    if symptom.what != "missing_package" and not (asked - installed and symptom.what == "missing_macro"):
        return None
    if symptom.what == "missing_macro" and _project_macro(case.best_manifest, symptom.name, case.project):
        return None
    names = ", ".join(missing)
    text = f"packages that are not installed: {names}" if names else "packages are not installed"
    packages = Evidence("probe", "packages.yml", text)
    return diagnosis(
        "packages", E.MISSING_DEPENDENCY, PROVED if asked - installed else STRONG, failure=failure,
        root="project", stage=Stage.DEPS, proof=[packages, message_evidence(failure)],
        facts={"packages": names}, next_step="run dbt deps; the lock file says which versions",
    )  # fmt: skip


_PACKAGE_FILES = ("packages.yml", "dependencies.yml", "package-lock.yml")


def changed_packages(case: Case, failure: RunFailure) -> Diagnosis | None:
    """That the list of packages was changed, of packages that cannot be had."""
    change = next((found for path in _PACKAGE_FILES if (found := case.code.of(path))), None)
    if change is None:
        return None
    return diagnosis(
        f"code:{change.path}", E.MISSING_DEPENDENCY, STRONG if case.code.is_since_good else GUESS,
        failure=failure, root="project", stage=Stage.DEPS,
        proof=[git_evidence(case, change), message_evidence(failure)],
        facts={"file": change.path, "lines": change.lines, "what": "package"},
        next_step=f"look at line {change.lines} of {change.path}",
    )  # fmt: skip


def _project_macro(manifest: Manifest | None, name: str, project: str) -> bool:
    macros: Sequence[dict[str, object]] = (
        list((manifest.raw.get("macros") or {}).values()) if manifest else []
    )
    return any(m.get("name") == _bare(name) and m.get("package_name") == project for m in macros)
