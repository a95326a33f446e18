"""The description of a BERT encoder in a folder of sentence-transformers, checked before anything is built.

MiniLM, bge, e5 (English), gte and all-mpnet's older siblings share this form: `model_type: bert`, weights in
one safetensors file, a fast tokenizer, pooling by mean or by the first token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from aidbt.core.errors import AidbtError

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
_PIPELINE = {"Transformer", "Pooling", "Normalize"}
_FLOATS = {"F32", "F16", "F64"}
# Of config.json: the exact Gaussian error function, and its usual approximation by tanh.
ACTIVATIONS = {"gelu": "BiasGelu", "gelu_new": "FastGelu", "gelu_pytorch_tanh": "FastGelu"}
_LARGEST_FILE = 2**31 - 2**24  # protobuf ends at 2 GiB


class BertConfig(BaseModel):
    """What `config.json` says of the network, under its own names; the defaults are BERT's."""

    model_type: str
    hidden_size: int = Field(gt=0, le=16_384)
    num_hidden_layers: int = Field(gt=0, le=200)
    num_attention_heads: int = Field(gt=0, le=1_024)
    intermediate_size: int = Field(gt=0, le=65_536)
    vocab_size: int = Field(gt=0)
    max_position_embeddings: int = Field(gt=2)
    type_vocab_size: int = Field(default=2, gt=0)
    layer_norm_eps: float = Field(default=1e-12, gt=0, lt=1)
    hidden_act: str = "gelu"
    position_embedding_type: str = "absolute"
    is_decoder: bool = False


@dataclass(frozen=True, slots=True)
class Bert:
    """A BERT encoder with what makes sentence vectors of its tokens.

    Attributes:
        pooling: "mean" of the tokens' vectors, or the vector of the first token, "cls".
        max_tokens: how many tokens of a text are read, with the two special ones.
        prompt: what is put in front of every text.
    """

    folder: Path
    config: BertConfig
    pooling: Literal["mean", "cls"]
    max_tokens: int
    prompt: str


def read_bert(folder: Path) -> Bert | str:
    """The BERT encoder of a model's folder, or why this model is of another kind, in words.

    Raises:
        AidbtError: a file of the model is missing or cannot be read.
    """
    raw = _read_json(folder, "config.json", required=True)
    if raw.get("model_type") != "bert":
        return f"its model_type is {raw.get('model_type')!r}, not 'bert'"
    try:
        config = BertConfig.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise broken(folder, f"config.json: '{place}': {first['msg']}") from error
    if config.hidden_size % config.num_attention_heads:
        raise broken(folder, "config.json: hidden_size is no multiple of num_attention_heads")
    pooling, reason = _pooling(folder)
    reason = reason or _unusual(folder, config)
    if reason or pooling is None:
        return reason or "its pooling is neither mean nor cls"
    return Bert(folder, config, pooling, _max_tokens(folder, config), _prompt(folder))


def open_weights(bert: Bert) -> dict[str, np.ndarray]:
    """Every tensor of the encoder as float32, by its name without the prefix "bert.".

    Raises:
        AidbtError: the file is missing or damaged, or a tensor is missing or of another shape or type.
    """
    import numpy as np
    from safetensors import SafetensorError, safe_open

    prefix = check_weights(bert)
    try:
        with safe_open(bert.folder / WEIGHTS_FILE, "numpy") as file:
            return {
                name: np.ascontiguousarray(file.get_tensor(prefix + name), dtype=np.float32)
                for name in tensor_shapes(bert.config)
            }
    except (SafetensorError, OSError) as error:
        raise broken(bert.folder, f"{WEIGHTS_FILE}: {error}") from error


def check_weights(bert: Bert) -> str:
    """Check names, shapes and types of the tensors against `config.json`; reads the file's header only.

    Returns:
        What stands in front of the tensors' names: "bert." or "".

    Raises:
        AidbtError: the file is missing or damaged, or a tensor is missing or of another shape or type.
    """
    from safetensors import SafetensorError, safe_open

    path = bert.folder / WEIGHTS_FILE
    if not path.is_file():
        raise broken(bert.folder, f"{WEIGHTS_FILE} is missing; weights in parts or pickled are not read")
    try:
        with safe_open(path, "numpy") as file:
            names = set(file.keys())
            prefix = "bert." if "bert.embeddings.word_embeddings.weight" in names else ""
            for name, shape in tensor_shapes(bert.config).items():
                if prefix + name not in names:
                    raise broken(bert.folder, f"{WEIGHTS_FILE}: the tensor '{prefix}{name}' is missing")
                tensor = file.get_slice(prefix + name)
                found = tuple(tensor.get_shape())
                if found != shape:
                    problem = f"'{name}' has the shape {found}, config.json asks for {shape}"
                    raise broken(bert.folder, f"{WEIGHTS_FILE}: {problem}")
                if tensor.get_dtype() not in _FLOATS:
                    problem = f"'{name}' is {tensor.get_dtype()}, not one of {', '.join(sorted(_FLOATS))}"
                    raise broken(bert.folder, f"{WEIGHTS_FILE}: {problem}")
    except (SafetensorError, OSError) as error:
        raise broken(bert.folder, f"{WEIGHTS_FILE}: {error}") from error
    return prefix


def tensor_shapes(config: BertConfig) -> dict[str, tuple[int, ...]]:
    """Name → shape of every tensor the encoder needs; linear layers are (out, in), as torch keeps them."""
    wide, inner = config.hidden_size, config.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config.vocab_size, wide),
        "embeddings.position_embeddings.weight": (config.max_position_embeddings, wide),
        "embeddings.token_type_embeddings.weight": (config.type_vocab_size, wide),
        "embeddings.LayerNorm.weight": (wide,),
        "embeddings.LayerNorm.bias": (wide,),
    }
    for layer in range(config.num_hidden_layers):
        for part, (rows, columns) in {
            "attention.self.query": (wide, wide),
            "attention.self.key": (wide, wide),
            "attention.self.value": (wide, wide),
            "attention.output.dense": (wide, wide),
            "intermediate.dense": (inner, wide),
            "output.dense": (wide, inner),
        }.items():
            shapes[f"encoder.layer.{layer}.{part}.weight"] = (rows, columns)
            shapes[f"encoder.layer.{layer}.{part}.bias"] = (rows,)
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"encoder.layer.{layer}.{part}.weight"] = (wide,)
            shapes[f"encoder.layer.{layer}.{part}.bias"] = (wide,)
    return shapes


def read_tokenizer(bert: Bert) -> Tokenizer:
    """The model's tokenizer, which cuts texts at `max_tokens` and does not pad.

    Raises:
        AidbtError: it is missing, damaged, or knows more tokens than the network.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_buffer((bert.folder / TOKENIZER_FILE).read_bytes())
    except OSError as error:
        raise broken(bert.folder, f"{TOKENIZER_FILE} is missing or cannot be read") from error
    except ValueError as error:
        raise broken(bert.folder, f"{TOKENIZER_FILE}: {error}") from error
    if tokenizer.get_vocab_size() > bert.config.vocab_size:
        raise broken(
            bert.folder,
            f"{TOKENIZER_FILE} knows {tokenizer.get_vocab_size()} tokens, "
            f"the network {bert.config.vocab_size}",
        )
    tokenizer.no_padding()
    tokenizer.enable_truncation(bert.max_tokens)
    return tokenizer


def broken(folder: Path, problem: str) -> AidbtError:
    """The error for a model whose files are wrong."""
    return AidbtError(
        f"the embedding model in {folder} cannot be used: {problem}",
        hint="copy or install the model again, or set 'embeddings: {model: none}' to do without",
    )


def _pooling(folder: Path) -> tuple[Literal["mean", "cls"] | None, str | None]:
    """How tokens become one vector, or (None, why not); a folder of plain transformers means the mean."""
    modules = _read_json(folder, "modules.json", expect=list)
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules]
    if other := set(kinds) - _PIPELINE:
        return None, f"its pipeline has {', '.join(sorted(other))}"
    if not modules:
        return "mean", None
    where = next((m.get("path", "") for m, kind in zip(modules, kinds, strict=True) if kind == "Pooling"), "")
    said = _read_json(folder, f"{where}/config.json" if where else "config.json", required=True)
    modes = [key.removeprefix("pooling_mode_") for key in said if key.startswith("pooling_mode_")]
    chosen = [mode for mode in modes if said[f"pooling_mode_{mode}"]] or [str(said.get("pooling_mode"))]
    match chosen:
        case ["mean_tokens" | "mean"]:
            return "mean", None
        case ["cls_token" | "cls"]:
            return "cls", None
    return None, f"its pooling is {' + '.join(chosen)}, neither mean nor cls"


def _unusual(folder: Path, config: BertConfig) -> str | None:
    """What the graph that is built here does not do, in words, or None."""
    if config.position_embedding_type != "absolute" or config.is_decoder:
        return "its positions are relative, or it is a decoder"
    if config.hidden_act not in ACTIVATIONS:
        return f"its activation is {config.hidden_act!r}"
    if 4 * sum(prod(shape) for shape in tensor_shapes(config).values()) > _LARGEST_FILE:
        return "it is larger than 2 GB"
    if _read_json(folder, "sentence_bert_config.json").get("do_lower_case"):
        return "it folds case outside of its tokenizer"
    return None


def _max_tokens(folder: Path, config: BertConfig) -> int:
    """As sentence-transformers has it: its own setting, else the tokenizer's, never beyond the positions."""
    own = _read_json(folder, "sentence_bert_config.json").get("max_seq_length")
    tokenizer = _read_json(folder, "tokenizer_config.json").get("model_max_length")
    said = [n for n in (own, tokenizer) if isinstance(n, int) and n > 2]
    return min(said[0] if said else config.max_position_embeddings, config.max_position_embeddings)


def _prompt(folder: Path) -> str:
    said = _read_json(folder, "config_sentence_transformers.json")
    prompts, default = said.get("prompts"), said.get("default_prompt_name")
    return str(prompts.get(default, "")) if isinstance(prompts, dict) and default else ""


def _read_json(
    folder: Path, name: str, *, required: bool = False, expect: type[dict[str, Any]] | type[list[Any]] = dict
) -> Any:
    """The mapping (or list) in a JSON file of the model; an empty one for a missing file not required."""
    try:
        value = json.loads((folder / name).read_bytes())
    except FileNotFoundError as error:
        if required:
            raise broken(folder, f"{name} is missing") from error
        return expect()
    except (OSError, ValueError, RecursionError) as error:
        raise broken(folder, f"{name} cannot be read: {error}") from error
    if not isinstance(value, expect):
        raise broken(folder, f"{name} holds no {expect.__name__}")
    if isinstance(value, list) and not all(isinstance(item, dict) for item in value):
        raise broken(folder, f"{name} holds a list of something else than mappings")
    return value
