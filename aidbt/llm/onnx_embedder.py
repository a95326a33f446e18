"""Embeddings on ONNX Runtime, from a graph that is built once and kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Literal

import numpy as np

from aidbt.core.errors import AidbtError
from aidbt.llm.bert import Bert, broken, check_weights, open_weights, read_tokenizer
from aidbt.llm.onnx_graph import GRAPH_FORM, MASK, TOKENS, VECTORS, bert_graph
from aidbt.llm.user_cache import cache_path, write_whole
from aidbt.llm.weights import Weights

if TYPE_CHECKING:
    import onnx
    import onnxruntime

Precision = Literal["fp32", "int8"]

# Tokens in one call of the runtime: larger batches are no faster and need more memory.
_BATCH_TOKENS = 2_048
# WordPiece makes one token of any word beyond 100 characters, so what is cut here would not have been read.
_LONGEST_WORD = 100


class OnnxEmbedder:
    """A BERT encoder on ONNX Runtime.

    The files of the model are checked at once, the runtime starts with the first text. At fp32 a text has
    the same vector to the last bit whatever texts are beside it, so that what was kept before and what is
    made now are the same. At int8 they matter: activations are scaled by the largest of their batch (cosine
    0.95 to itself in other company, at worst).

    Args:
        threads: CPU threads of one call.

    Raises:
        AidbtError: a file of the model is missing or damaged.
    """

    def __init__(self, bert: Bert, weights: Weights, *, precision: Precision, threads: int) -> None:
        check_weights(bert)
        self._bert = bert
        self._digest = weights.digest
        self._precision: Precision = precision
        self._threads = threads
        self._tokenizer = read_tokenizer(bert)
        self.name = f"{weights.label}@{weights.digest[:16]} onnx-{precision}-{GRAPH_FORM}"
        self.dimension = bert.config.hidden_size

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts, float32, shape (len(texts), dimension), each of length 1.

        Raises:
            AidbtError: the model's numbers are damaged.
        """
        positions: dict[str, int] = {}
        rows = [positions.setdefault(text, len(positions)) for text in texts]
        vectors = np.empty((len(positions), self.dimension), dtype=np.float32)
        tokens = self._tokens(list(positions))
        for batch in _batches([len(ids) for ids in tokens]):
            vectors[batch] = self._run(np.stack([tokens[i] for i in batch]))
        if not np.isfinite(vectors).all():
            raise broken(self._bert.folder, "it gives values that are no numbers")
        return vectors[rows] if len(rows) != len(positions) else vectors

    def _tokens(self, texts: list[str]) -> list[np.ndarray]:
        longest = self._bert.max_tokens * _LONGEST_WORD
        # A lone surrogate is no text, and the tokenizer takes none.
        clean = [
            (self._bert.prompt + text[:longest]).encode("utf-8", "replace").decode("utf-8") for text in texts
        ]
        return [np.array(found.ids, dtype=np.int32) for found in self._tokenizer.encode_batch_fast(clean)]

    def _run(self, tokens: np.ndarray) -> np.ndarray:
        """The vectors of texts of one length.

        Args:
            tokens: shape (texts, tokens).
        """
        given = {TOKENS: tokens, MASK: np.ones_like(tokens)}
        found: np.ndarray = self._session.run([VECTORS], given)[0]
        return found

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        """The runtime with the kept graph; one that is missing or damaged is built again."""
        load_errors = _load_errors()
        path = cache_path(f"{self._digest}-{self._precision}-{GRAPH_FORM}.onnx")
        if path and path.is_file():
            try:
                return _start(path.read_bytes(), self._threads)
            except load_errors:
                pass  # a disk that lost part of it; built again below, and written over it
        graph = bert_graph(self._bert.config, open_weights(self._bert), self._bert.pooling)
        data = _quantised(graph) if self._precision == "int8" else graph.SerializeToString()
        try:
            session = _start(data, self._threads)
        except load_errors as error:
            raise AidbtError(
                f"ONNX Runtime does not take the model in {self._bert.folder}: {error}",
                hint="set 'embeddings: {runtime: sentence-transformers}', or upgrade onnxruntime",
            ) from error
        if path:
            write_whole(path, data)
        return session


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of texts of one length, shortest first: padding would change the last bits of the vectors."""
    by_length = sorted(range(len(lengths)), key=lengths.__getitem__)
    for length, group in groupby(by_length, key=lengths.__getitem__):
        same = list(group)
        size = max(_BATCH_TOKENS // max(length, 1), 1)
        yield from (same[start : start + size] for start in range(0, len(same), size))


def _start(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait for work busily cost a quarter more CPU, and time where others want the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors; warnings would go to the terminal of a command
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _load_errors() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises for a graph it cannot load (they have no base of their own), or a disk."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("EPFail", "Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented")
    return (OSError, state.RuntimeException, *(getattr(state, name) for name in names))


def _quantised(graph: onnx.ModelProto) -> bytes:
    """The graph with weights as int8, scaled by output channel, and activations quantised as they come."""
    import logging
    import tempfile
    from pathlib import Path

    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logger = logging.getLogger()
    with tempfile.TemporaryDirectory(prefix="aidbt-int8-") as folder:
        path = Path(folder) / "int8.onnx"
        level = logger.level
        logger.setLevel(logging.ERROR)  # it advises a step that is for graphs exported from torch
        try:
            quantize_dynamic(
                graph,
                path,
                weight_type=QuantType.QInt8,
                per_channel=True,
                # Shapes behind the runtime's own operators are unknown to ONNX; all of them are floats.
                extra_options={"DefaultTensorType": TensorProto.FLOAT},
            )
        finally:
            logger.setLevel(level)
        return path.read_bytes()
