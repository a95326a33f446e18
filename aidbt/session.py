"""One opened project: its settings, warehouse, store and language model, each opened on first use.

Holds no logic.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidbt.core.config import LoadedSettings, load_settings
from aidbt.core.errors import ProfileError
from aidbt.core.patch import recover_if_needed
from aidbt.project import Project, open_project
from aidbt.project.files import PROJECT_FILE

if TYPE_CHECKING:
    import numpy as np

    from aidbt.llm.client import Client
    from aidbt.store import Cache, Store
    from aidbt.store.profiles import ProfileCache
    from aidbt.warehouse import Warehouse


class Session:
    """What a command or a notebook works with.

    Attributes:
        project: the dbt project, read from its files.
        recovered: files that an interrupted write left and that were finished when this was opened.
        command: what the warehouse is told that its statements are for; "" for a notebook.
    """

    def __init__(
        self, project: Project, settings: LoadedSettings, recovered: list[str], *, command: str = ""
    ) -> None:
        self.project = project
        self.settings = settings
        self.recovered = recovered
        self.command = command

    @cached_property
    def warehouse(self) -> Warehouse:
        """The warehouse of the project's profile; nothing is opened until it is used.

        While a stream uses a warehouse that lets one process in, it is asked to make way.
        """
        return self._warehouse(self.ask_for_warehouse)

    @cached_property
    def warehouse_at_once(self) -> Warehouse:
        """The same for who has something else to do while it is in use: nobody is asked to make way."""
        return self._warehouse(None)

    @contextlib.contextmanager
    def ask_for_warehouse(self) -> Iterator[bool]:
        """Ask streams to make way at the warehouse while the block runs; whether there is one that will.

        Nobody is asked where the warehouse lets in several processes, or the profile does not say where it
        is, which who opens it is told.
        """
        try:
            path = self._duckdb_path
        except ProfileError:
            path = None
        if path is None:
            yield False
            return
        from aidbt.store.turns import asked_for

        with asked_for(lambda: self.store, path, f"aidbt {self.command}".strip()) as is_heard:
            yield is_heard

    @cached_property
    def _duckdb_path(self) -> Path | None:
        from aidbt.project.duckdb_path import resolve_duckdb_path

        profile = self.project.profile()
        return resolve_duckdb_path(profile, self.project) if profile.type == "duckdb" else None

    def _warehouse(self, ask: Callable[[], AbstractContextManager[bool]] | None) -> Warehouse:
        from aidbt.warehouse import open_warehouse

        profile = self.project.profile()
        return open_warehouse(
            profile.type,
            path=self._duckdb_path or Path(),
            schema=profile.schema,
            settings=profile.settings,
            memory_limit=self.settings.values.profile.memory_limit,
            tag=self.command,
            ask=ask,
        )

    @cached_property
    def store(self) -> Store:
        """aidbt's own state for this project."""
        from aidbt.core.patch import state_dir
        from aidbt.store import open_configured_store

        with contextlib.suppress(OSError):  # opening the store says better what is wrong
            state_dir(self.project.root)
        settings = self.settings.values.store
        return open_configured_store(settings, project=self.project.name, root=self.project.root)

    @cached_property
    def cache(self) -> Cache:
        """The one cache."""
        from aidbt.store import Cache

        return Cache(self.store)

    @cached_property
    def profiles(self) -> ProfileCache:
        """Profiles of tables that did not change since they were made."""
        from aidbt.store.profiles import ProfileCache

        return ProfileCache(self.cache)

    @cached_property
    def embed(self) -> Callable[[Sequence[str]], np.ndarray] | None:
        """What turns texts into vectors, those seen before from the store; None without a model."""
        from aidbt.llm.embeddings import cached, open_embedder
        from aidbt.store.vectors import VectorTable

        settings = self.settings.values.embeddings
        embedder = open_embedder(settings, base=self.project.root)
        if embedder is None:
            return None
        return cached(embedder, VectorTable(self.store, limit=settings.cache_vectors)).encode

    @cached_property
    def llm(self) -> Client | None:
        """The language models that the settings name, one after the other; None where they name none."""
        settings = self.settings.values.llm
        if not settings.asked:
            return None
        from aidbt.llm.client import open_client
        from aidbt.store.llm_ledger import LlmLedger

        return open_client(settings, LlmLedger(self.store), base=self.project.root)

    def close(self) -> None:
        """Release the store, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()


def open_session(
    project_dir: Path | str | None = None,
    *,
    profile: str | None = None,
    target: str | None = None,
    profiles_dir: Path | str | None = None,
    vars: dict[str, Any] | None = None,
    flags: dict[str, Any] | None = None,
    command: str = "",
    on_recovered: Callable[[list[str]], None] | None = None,
    as_committed: bool = False,
) -> Session:
    """Open a dbt project; a write that was interrupted there is finished first.

    Args:
        as_committed: whether a dbt_project.yml that cannot be read counts as the last commit has it that can:
            for who says why a run failed.
        flags: settings given by the caller, "section.name" → value.
        command: what the statements in the warehouse are for; it stands in a comment of each.
        on_recovered: called with the files that were finished, when there were any.

    Raises:
        ProjectError: there is no project, or it cannot be read.
        SettingsError: aidbt.yml is wrong.
    """
    project = open_project(
        Path(project_dir) if project_dir else None,
        profile=profile,
        target=target,
        profiles_dir=Path(profiles_dir) if profiles_dir else None,
        vars=vars,
        instead=_as_committed if as_committed else None,
    )
    recovered = recover_if_needed(project.root)
    if recovered and on_recovered:
        on_recovered(recovered)
    return Session(project, load_settings(project.root, flags=flags), recovered, command=command)


def _as_committed(root: Path) -> Iterator[str]:
    from aidbt.patching.commits import committed_texts

    return committed_texts(root, PROJECT_FILE)
