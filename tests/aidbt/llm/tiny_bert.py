"""A BERT encoder of a few kilobytes in the layout of sentence-transformers; its network in plain numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import erf

CONFIG = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": 80,
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "pad_token_id": 0,
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIPELINE = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def write_tiny_bert(
    folder: Path, *, pooling: str = "mean", prefix: str = "", dtype: Any = np.float32, **config: Any
) -> dict[str, np.ndarray]:
    """A model with random weights in `folder`; its tensors by their names without the prefix."""
    from safetensors.numpy import save_file

    settings = CONFIG | config
    tensors = _random_tensors(settings)
    (folder / "1_Pooling").mkdir(parents=True)
    _write(folder / "config.json", settings)
    _write(folder / "modules.json", [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (path, kind) in enumerate(PIPELINE)
    ])  # fmt: skip
    (folder / "2_Normalize").mkdir()
    _write(folder / "1_Pooling" / "config.json", {
        "word_embedding_dimension": settings["hidden_size"],
        "pooling_mode_cls_token": pooling == "cls",
        "pooling_mode_mean_tokens": pooling == "mean",
        "pooling_mode_max_tokens": pooling == "max",
    })  # fmt: skip
    _write(folder / "sentence_bert_config.json", {"max_seq_length": 16, "do_lower_case": False})
    _write_tokenizer(folder)
    kept = {prefix + name: tensor.astype(dtype) for name, tensor in tensors.items()}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    return tensors


def reference(
    tensors: dict[str, np.ndarray], ids: list[int], *, pooling: str = "mean", act: str = "gelu"
) -> np.ndarray:
    """The vector of one text by its token ids: Devlin et al. 2019 in float64, with no padding."""
    t = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    hidden = (
        t["embeddings.word_embeddings.weight"][ids]
        + t["embeddings.position_embeddings.weight"][: len(ids)]
        + t["embeddings.token_type_embeddings.weight"][0]
    )
    hidden = _norm(hidden, t, "embeddings.LayerNorm")
    for layer in range(CONFIG["num_hidden_layers"]):  # type: ignore[call-overload]
        hidden = _layer(hidden, t, f"encoder.layer.{layer}.", act)
    pooled = hidden.mean(axis=0) if pooling == "mean" else hidden[0]
    return np.asarray(pooled / np.linalg.norm(pooled))


def _layer(hidden: np.ndarray, t: dict[str, np.ndarray], layer: str, act: str) -> np.ndarray:
    heads: int = CONFIG["num_attention_heads"]  # type: ignore[assignment]
    q, k, v = (
        _dense(hidden, t, f"{layer}attention.self.{part}").reshape(len(hidden), heads, -1).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    attended = (weights / weights.sum(axis=-1, keepdims=True)) @ v
    attended = attended.transpose(1, 0, 2).reshape(len(hidden), -1)
    mixed = _dense(attended, t, f"{layer}attention.output.dense")
    hidden = _norm(hidden + mixed, t, f"{layer}attention.output.LayerNorm")
    wide = _dense(hidden, t, f"{layer}intermediate.dense")
    if act == "gelu":
        wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
    else:
        wide = wide * (1 + np.tanh(np.sqrt(2 / np.pi) * (wide + 0.044715 * wide**3))) / 2
    return _norm(hidden + _dense(wide, t, f"{layer}output.dense"), t, f"{layer}output.LayerNorm")


def _dense(x: np.ndarray, t: dict[str, np.ndarray], name: str) -> np.ndarray:
    return x @ t[f"{name}.weight"].T + t[f"{name}.bias"]


def _norm(x: np.ndarray, t: dict[str, np.ndarray], name: str) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    return scaled * t[f"{name}.weight"] + t[f"{name}.bias"]


def _random_tensors(settings: dict[str, Any]) -> dict[str, np.ndarray]:
    from aidbt.llm.bert import BertConfig, tensor_shapes

    rng = np.random.default_rng(7)
    tensors = {}
    for name, shape in tensor_shapes(BertConfig.model_validate(settings)).items():
        around = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        tensors[name] = (around + rng.normal(0, 0.3, shape)).astype(np.float32)
    return tensors


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # type: ignore[arg-type]
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"])
    )
    tokenizer.enable_padding(length=40)  # as in the files of all-MiniLM-L6-v2; it must not count
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(folder / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizerFast", "model_max_length": 24, "do_lower_case": True,
        "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    })  # fmt: skip
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))
