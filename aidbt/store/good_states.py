"""The last good states: what there was at the last good runs, each part kept once however often it recurs.

A state is a small body that names its parts (artifacts, files, tables) by the digest of their content; the
parts are compressed. Of each target the last few states are kept.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from aidbt.core.errors import VersionConflict
from aidbt.core.schema import Column, Relation
from aidbt.core.table_state import ColumnState, GoodState, KeyedRows, TableState
from aidbt.store.db import Store

KEPT = 5  # states of each target
_FORM = 1
_MASK = "hash_mask"  # a record of the store: what its hashes are combined with
_LOCK = "good states"


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a state by digest, in the order in which they were met."""

    contents: dict[str, bytes]

    def add(self, value: Any) -> str:
        content = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        digest = hashlib.sha256(content.encode()).hexdigest()[:40]
        self.contents.setdefault(digest, content.encode())
        return digest


@dataclass(frozen=True, slots=True)
class _Contents:
    """The parts of a state that is read, by digest, as they are stored."""

    stored: Mapping[str, bytes]

    def text(self, digest: str) -> str:
        return zlib.decompress(self.stored[digest]).decode()


class _Tables(Mapping[str, TableState]):
    """The tables of a state, each read when it is first asked for: of a thousand few are."""

    def __init__(self, digests: Mapping[str, str], contents: _Contents) -> None:
        self._digests = digests
        self._contents = contents
        self._read: dict[str, TableState] = {}

    def __getitem__(self, name: str) -> TableState:
        if name not in self._read:
            text = self._contents.text(self._digests[name])
            self._read[name] = _table_from_json(json.loads(text))
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._digests

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)


class GoodStates:
    """The last good states in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mask(self) -> int:
        """The 64 bits that hashes of this store are combined with; made on first use, at random.

        Raises:
            StoreError: the store cannot be read or written.
        """
        found = self._store.get("good_states", _MASK)
        if found is not None:
            return int(found.value)
        made = str(secrets.randbits(64))
        try:
            return int(self._store.put("good_states", _MASK, made, expected_version=0).value)
        except VersionConflict:  # another process made one meanwhile
            return self.mask()

    def put(self, state: GoodState, *, kept: int = KEPT) -> GoodState:
        """Keep a state; one of the same run is replaced, and all but the newest of its target are forgotten.

        Raises:
            StoreError: the store cannot be written; then nothing of the state is kept.
        """
        parts = _Parts({})
        body = _body(state, parts)
        with self._store.transaction() as connection:
            self._store.lock(connection, _LOCK)
            connection.execute(_FORGET_RUN, {"target": state.target, "id": state.invocation_id})
            connection.execute(_FORGET_REFERENCES)  # its number may be given again
            number = int(connection.execute(_NEXT).scalar_one())
            known = {str(row.digest) for row in connection.execute(_DIGESTS).all()}
            new = [digest for digest in parts.contents if digest not in known]
            for digest in new:
                content = zlib.compress(parts.contents[digest], 6)
                connection.execute(_PUT_BLOB, {"digest": digest, "content": content})
            connection.execute(
                _PUT,
                {
                    "number": number,
                    "target": state.target,
                    "taken_at": state.taken_at.timestamp(),
                    "id": state.invocation_id,
                    "body": body,
                },
            )
            for digest in parts.contents:
                connection.execute(_PUT_REFERENCE, {"number": number, "digest": digest})
            _forget_old(connection, state.target, kept)
        return GoodState(**{**_shallow(state), "number": number})

    def last(self, target: str, *, before: datetime | None = None) -> GoodState | None:
        """The newest state of a target; None when there is none, or a newer aidbt kept it in another form.

        Args:
            before: only states that were taken earlier count.

        Raises:
            StoreError: the store cannot be read.
        """
        limit = before.timestamp() if before is not None else 1e15
        with self._store.transaction() as connection:
            row = connection.execute(_LAST, {"target": target, "before": limit}).first()
            if row is None:
                return None
            body = json.loads(row.body)
            if body.get("form") != _FORM:
                return None
            found = connection.execute(_BLOBS, {"number": row.number}).all()
        contents = _Contents({str(row.digest): row.content for row in found})
        return _state(row.number, row.target, row.taken_at, row.invocation_id, body, contents)

    def forget(self, target: str, run: str) -> None:
        """Forget the state of a run, by its invocation id, which proved not to be good.

        Raises:
            StoreError: the store cannot be written.
        """
        with self._store.transaction() as connection:
            connection.execute(_FORGET_RUN, {"target": target, "id": run})
            connection.execute(_FORGET_REFERENCES)
            connection.execute(_FORGET_BLOBS)

    def all(self) -> list[tuple[str, datetime, str]]:
        """(target, when it was taken, invocation id) of every state, the newest first."""
        with self._store.transaction() as connection:
            rows = connection.execute(_LIST).all()
        return [(r.target, datetime.fromtimestamp(r.taken_at, UTC), r.invocation_id) for r in rows]


def _forget_old(connection: Connection, target: str, kept: int) -> None:
    numbers = [int(row.number) for row in connection.execute(_NUMBERS, {"target": target}).all()]
    for number in numbers[kept:]:
        connection.execute(_FORGET, {"number": number})
    connection.execute(_FORGET_REFERENCES)
    connection.execute(_FORGET_BLOBS)


# --- to text and back ---------------------------------------------------------------------------------


def _shallow(state: GoodState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in GoodState.__dataclass_fields__}


def _body(state: GoodState, parts: _Parts) -> str:
    relations = [[r.database, r.schema, r.name, r.kind, _columns_of(r)] for r in state.relations]
    return json.dumps(
        {
            "form": _FORM,
            "command": state.command,
            "commit": state.commit,
            "is_clean": state.is_clean,
            "engine": state.engine,
            "relations": parts.add(relations),
            "tables": {name: parts.add(_table_to_json(table)) for name, table in state.tables.items()},
            "texts": {path: parts.add(content) for path, content in state.texts.items()},
            "artifacts": {name: parts.add(content) for name, content in state.artifacts.items()},
        }
    )


def _columns_of(relation: Relation) -> list[list[str]]:
    return [[column.name, column.data_type] for column in relation.columns]


def _table_to_json(table: TableState) -> dict[str, Any]:
    keyed = None
    if table.keyed is not None:
        keyed = {**asdict(table.keyed), "values": sorted([k, *v] for k, v in table.keyed.values.items())}
    columns = [{**asdict(column), "hashes": sorted(column.hashes)} for column in table.columns]
    return {**asdict(table), "columns": columns, "keyed": keyed}


def _table_from_json(value: Mapping[str, Any]) -> TableState:
    columns = tuple(
        ColumnState(**{**column, "hashes": frozenset(column["hashes"])}) for column in value["columns"]
    )
    keyed = value["keyed"]
    if keyed is not None:
        rows = {key: tuple(values) for key, *values in keyed["values"]}
        keyed = KeyedRows(tuple(keyed["key"]), keyed["bound"], tuple(keyed["columns"]), rows)
    return TableState(**{**value, "columns": columns, "keyed": keyed})


def _state(
    number: int,
    target: str,
    taken_at: float,
    invocation_id: str,
    body: Mapping[str, Any],
    contents: _Contents,
) -> GoodState:
    return GoodState(
        target=target,
        taken_at=datetime.fromtimestamp(taken_at, UTC),
        invocation_id=invocation_id,
        command=body["command"],
        commit=body["commit"],
        is_clean=body["is_clean"],
        engine=body["engine"],
        relations=tuple(_relation(item) for item in json.loads(contents.text(body["relations"]))),
        tables=_Tables(body["tables"], contents),
        texts=_named(body["texts"], contents),
        artifacts=_named(body["artifacts"], contents),
        number=number,
    )


def _named(digests: Mapping[str, str], contents: _Contents) -> dict[str, str]:
    return {name: contents.text(digest) for name, digest in digests.items()}


def _relation(item: Iterable[Any]) -> Relation:
    database, schema, name, kind, columns = item
    return Relation(schema, name, tuple(Column(*column) for column in columns), database, kind)


_NEXT = text("select coalesce(max(number), 0) + 1 from good_states")
_DIGESTS = text("select digest from good_blobs")
_PUT_BLOB = text("insert into good_blobs (digest, content) values (:digest, :content)")
_PUT = text(
    "insert into good_states (number, target, taken_at, invocation_id, body)"
    " values (:number, :target, :taken_at, :id, :body)"
)
_PUT_REFERENCE = text("insert into good_state_blobs (number, digest) values (:number, :digest)")
_LAST = text(
    "select number, target, taken_at, invocation_id, body from good_states"
    " where target = :target and taken_at < :before order by taken_at desc, number desc limit 1"
)
_BLOBS = text(
    "select b.digest, b.content from good_blobs b"
    " join good_state_blobs s on s.digest = b.digest where s.number = :number"
)
_LIST = text("select target, taken_at, invocation_id from good_states order by taken_at desc, number desc")
_NUMBERS = text("select number from good_states where target = :target order by taken_at desc, number desc")
_FORGET_RUN = text("delete from good_states where target = :target and invocation_id = :id")
_FORGET = text("delete from good_states where number = :number")
_FORGET_REFERENCES = text("delete from good_state_blobs where number not in (select number from good_states)")
_FORGET_BLOBS = text("delete from good_blobs where digest not in (select digest from good_state_blobs)")
