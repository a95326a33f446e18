"""Replies as servers send them, in whatever pieces, and whatever else comes instead."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.llm.chat_answer import Reply, failure, read_models, read_reply
from aidbt.llm.model import ProviderError, ProviderRefused, ProviderUnavailable, QuestionTooLong
from tests.openai_server import MODEL, events

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["choices", "delta", "message", "content", "usage", "error", "model", "finish_reason"]
)
CHUNKS = st.fixed_dictionaries(
    {}, optional={"choices": st.lists(st.dictionaries(FIELDS, JSON)) | JSON, "usage": JSON, "model": JSON}
)


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


@settings(deadline=None)
@given(st.text(min_size=1), st.lists(st.integers(0, 5_000)), st.sampled_from([b"\n", b"\r\n"]))
def test_a_stream_reads_the_same_in_whatever_pieces_it_comes(text: str, cuts: list[int], end: bytes):
    sent = b"".join([b": keep-alive\n\n", b"event: chunk\n", *events(text)]).replace(b"\n", end)

    assert read_reply(in_pieces(sent, cuts)) == Reply(text, "stop", MODEL, 100, 20)


@settings(deadline=None)
@given(st.lists(CHUNKS | JSON, max_size=4), st.booleans())
def test_whatever_json_comes_it_is_a_reply_or_an_error(chunks: list[object], is_stream: bool):
    lines = [json.dumps(chunk).encode() for chunk in chunks]
    sent = b"".join(b"data: " + line + b"\n\n" for line in lines) if is_stream else b"".join(lines)
    try:
        assert isinstance(read_reply([sent]).text, str)
    except ProviderError as error:
        assert error.message


@settings(deadline=None)
@given(st.binary())
def test_whatever_bytes_come_they_are_a_reply_or_an_error(sent: bytes):
    for data in (sent, b"data: " + sent + b"\n\ndata: [DONE]\n\n", b"{" + sent):
        with pytest.raises(ProviderError):
            read_reply([data])
        try:
            read_models(data)
        except ProviderError as error:
            assert "no list of models" in error.message


def test_a_line_in_very_many_pieces_is_read_in_no_more_time_than_its_length():
    text = "x" * (4 << 20)
    sent = b"".join(events(text, pieces=1))

    assert read_reply(sent[n : n + 512] for n in range(0, len(sent), 512)).text == text


def test_a_refusal_of_the_model_is_an_error():
    chunk = {"choices": [{"delta": {"refusal": "I would rather not"}}]}

    with pytest.raises(ProviderError, match="the model refused to answer"):
        read_reply([b"data: " + json.dumps(chunk).encode() + b"\n\n"])


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (500, {"error": {"message": "oh"}}, ProviderUnavailable, "it answered 500: oh"),
        (500, {"message": "oh", "code": None}, ProviderUnavailable, "it answered 500: oh"),
        (503, "busy", ProviderUnavailable, "it answered 503: busy"),
        (429, {"type": "insufficient_quota"}, ProviderRefused, "its quota is used up (it answered 429)"),
        (None, {"error": {"message": "oh", "code": 503}}, ProviderUnavailable, "it answered 503: oh"),
        (None, {"error": "oh"}, ProviderError, "it failed while it answered: oh"),
        (422, {"detail": [{"msg": "no"}]}, ProviderError, "it answered 422"),
        (418, None, ProviderError, "it answered 418"),
        (400, {"code": "context_length_exceeded"}, QuestionTooLong, "the question is too long for the model"),
        (402, {"error": {"message": 3}}, ProviderRefused, "it answered 402"),
    ],
)
def test_errors_say_what_the_server_says(status: int | None, body: object, kind: type, said: str):
    error = failure(status, body)

    assert type(error) is kind
    assert error.message.startswith(said)
    assert error.retryable == (kind is ProviderUnavailable)
    assert error.may_have_cost == (status is None)


@settings(deadline=None)
@given(JSON, st.none() | st.integers(100, 599))
def test_any_body_of_an_error_gives_one_in_a_line(body: object, status: int | None):
    assert "\n" not in failure(status, body).message
