"""Texts that git still holds, by the digest that `aidbt.core.patch.digest` gave them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from aidbt.core.config import environment
from aidbt.core.patch import digest as digest_of

TIMEOUT_S = 20.0
_DIGEST = re.compile(r"[0-9a-f]{40}\Z")
# Asks nobody, takes no lock, and does not fetch what a partial clone has left on the server.
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ASKPASS": "true",
}


def blob_text(root: Path, digest: str) -> str | None:
    """The text of the blob with this id in the repository around `root`.

    None when git is not installed, there is no repository, it holds no such blob, the blob is no UTF-8 text,
    or git takes longer than 20 seconds.
    """
    return blobs(root, [digest]).get(digest)


def blobs(root: Path, digests: Iterable[str]) -> dict[str, str]:
    """The texts of those of the blobs that the repository around `root` holds, read by one process.

    What is missing is left out, for the reasons that `blob_text` names.
    """
    wanted = list(dict.fromkeys(digest for digest in digests if _DIGEST.match(digest)))
    if not wanted:
        return {}
    command = ["git", "-c", "protocol.allow=never", "cat-file", "--batch"]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            input="".join(f"{digest}\n" for digest in wanted).encode(),
            capture_output=True,
            env={**environment(), **_QUIET},
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    # Where git stops half way (a partial clone, a broken object), what it gave until then counts.
    return _texts(done.stdout)


def _texts(answer: bytes) -> dict[str, str]:
    """The blobs of git's answer: "<id> <kind> <size>", a line end, the content and a line end for each."""
    found: dict[str, str] = {}
    position = 0
    while (end := answer.find(b"\n", position)) >= 0:
        words = answer[position:end].decode("utf-8", "replace").split(" ")
        position = end + 1
        if len(words) != 3:  # "<id> missing"
            continue
        digest, kind, size = words[0], words[1], int(words[2])
        content = answer[position : position + size]
        position += size + 1
        if kind == "blob" and (text := _decoded(content)) is not None and digest_of(text) == digest:
            found[digest] = text
    return found


def _decoded(content: bytes) -> str | None:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
