"""The ONNX graph of a BERT encoder, built from its tensors; neither torch nor transformers is needed.

The network is that of Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding" (2019), section 3 and appendix A; mean pooling is Reimers and Gurevych, "Sentence-BERT" (2019).
Attention, norms of a sum, and activations are ONNX Runtime's own operators (com.microsoft), which its
optimiser would otherwise have to recognise by their parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from aidbt.llm.bert import ACTIVATIONS, BertConfig

if TYPE_CHECKING:
    import onnx

GRAPH_FORM = 1  # one more whenever a graph built here differs from what the version before built
TOKENS, MASK, VECTORS = "tokens", "mask", "vectors"
_OPSET = 18
_RUNTIME = "com.microsoft"


def bert_graph(
    config: BertConfig, tensors: Mapping[str, np.ndarray], pooling: Literal["mean", "cls"]
) -> onnx.ModelProto:
    """The model from token ids to sentence vectors.

    Args:
        tensors: float32, by the names and in the shapes of `tensor_shapes`.

    Returns:
        A graph with the inputs "tokens" and "mask" (int32, (texts, longest); mask 1 for a token, 0 for
        padding on the right) and the output "vectors" (float32, (texts, hidden_size), of length 1).
    """
    from onnx import TensorProto, helper

    graph = _Graph()
    hidden = _embed(graph, config, tensors)
    for layer in range(config.num_hidden_layers):
        hidden = _encode(graph, config, tensors, layer, hidden)
    _pool(graph, hidden, pooling)
    shape = ["texts", "longest"]
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "bert",
            [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in (TOKENS, MASK)],
            [helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["texts", config.hidden_size])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_RUNTIME, 1)],
        ir_version=9,  # of ONNX 1.14 to 1.16: older runtimes refuse the latest
    )


class _Graph:
    """Nodes and constants in the making; an output is called like the step that makes it."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, *, domain: str = "", **options: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **options))
        return output


def _embed(graph: _Graph, config: BertConfig, tensors: Mapping[str, np.ndarray]) -> str:
    """Words + positions + the first token type (a single text has no second one), normalised."""
    words = graph.constant("words", tensors["embeddings.word_embeddings.weight"])
    places = graph.constant(
        "places",
        tensors["embeddings.position_embeddings.weight"]
        + tensors["embeddings.token_type_embeddings.weight"][0],
    )
    start = graph.constant("start", np.array([0], dtype=np.int64))
    longest = graph.node("Shape", [TOKENS], "longest", start=1, end=2)
    summed = graph.node(
        "Add",
        [
            graph.node("Gather", [words, TOKENS], "word_vectors"),
            graph.node("Slice", [places, start, longest], "place_vectors"),
        ],
        "embedded",
    )
    norm = [
        graph.constant(f"embedded.norm.{part}", tensors[f"embeddings.LayerNorm.{part}"])
        for part in ("weight", "bias")
    ]
    return graph.node("LayerNormalization", [summed, *norm], "hidden", epsilon=config.layer_norm_eps)


def _encode(
    graph: _Graph, config: BertConfig, tensors: Mapping[str, np.ndarray], layer: int, hidden: str
) -> str:
    """One layer: attention, then two dense layers, each added to what went in and normalised."""

    def tensor(part: str) -> np.ndarray:
        return tensors[f"encoder.layer.{layer}.{part}"]

    def name(part: str) -> str:
        return f"layer.{layer}.{part}"

    def matmul(value: str, weight: np.ndarray, output: str) -> str:
        return graph.node("MatMul", [value, graph.constant(f"{output}.weight", weight.T)], output)

    def add_and_norm(value: str, before: str, part: str, output: str) -> str:
        constants = [
            graph.constant(f"{output}.{key}", tensor(where))
            for key, where in (
                ("scale", f"{part}.LayerNorm.weight"),
                ("shift", f"{part}.LayerNorm.bias"),
                ("bias", f"{part}.dense.bias"),
            )
        ]
        return graph.node(
            "SkipLayerNormalization",
            [value, before, *constants],
            output,
            domain=_RUNTIME,
            epsilon=config.layer_norm_eps,
        )

    heads = ("query", "key", "value")
    joined = matmul(
        hidden, np.concatenate([tensor(f"attention.self.{h}.weight") for h in heads]), name("qkv")
    )
    graph.nodes.append(_split_in_three(joined, [name(h) for h in heads]))
    bias = graph.constant(
        name("qkv.bias"), np.concatenate([tensor(f"attention.self.{h}.bias") for h in heads])
    )
    attended = graph.node(
        "MultiHeadAttention",
        [*(name(h) for h in heads), bias, MASK],
        name("attended"),
        domain=_RUNTIME,
        num_heads=config.num_attention_heads,
    )
    mixed = matmul(attended, tensor("attention.output.dense.weight"), name("mixed"))
    middle = add_and_norm(mixed, hidden, "attention.output", name("middle"))
    wide = matmul(middle, tensor("intermediate.dense.weight"), name("wide"))
    active = graph.node(
        ACTIVATIONS[config.hidden_act],
        [wide, graph.constant(name("wide.bias"), tensor("intermediate.dense.bias"))],
        name("active"),
        domain=_RUNTIME,
    )
    narrow = matmul(active, tensor("output.dense.weight"), name("narrow"))
    return add_and_norm(narrow, middle, "output", name("hidden"))


def _split_in_three(value: str, outputs: list[str]) -> onnx.NodeProto:
    from onnx import helper

    return helper.make_node("Split", [value], outputs, name=f"{value}.split", axis=-1, num_outputs=3)


def _pool(graph: _Graph, hidden: str, pooling: Literal["mean", "cls"]) -> None:
    """One vector of length 1 per text. The sum does for the mean: they differ in length only."""
    from onnx import TensorProto

    axis = graph.constant("pooled.axis", np.array([1], dtype=np.int64))
    if pooling == "mean":
        weights = graph.node("Cast", [MASK], "mask.float", to=TensorProto.FLOAT)
        row = graph.node("MatMul", [graph.node("Unsqueeze", [weights, axis], "mask.row"), hidden], "summed")
    else:
        first = graph.constant("pooled.first", np.array([0], dtype=np.int64))
        row = graph.node("Gather", [hidden, first], "first", axis=1)
    pooled = graph.node("Squeeze", [row, axis], "pooled")
    graph.node("LpNormalization", [pooled], VECTORS, p=2, axis=-1)
