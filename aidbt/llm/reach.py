"""Whether a language model can be reached, and has its key and its models; no token is spent on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aidbt.core.config import ProviderSettings, secret
from aidbt.core.errors import AidbtError
from aidbt.core.resilience import Clock, Deadline
from aidbt.llm.openai_model import is_same_model, open_openai

PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Reached:
    """What is known of a provider without asking it a question.

    Attributes:
        is_ready: whether it will answer, as far as can be told.
        detail: what was found, in a line; no key is in it.
        hint: what to do, "" where nothing is.
    """

    name: str
    is_ready: bool
    detail: str
    hint: str = ""


def reach(provider: ProviderSettings, clock: Clock) -> Reached:
    """Look at one provider: is its server there, is the key set, does it list the models."""
    if provider.kind != "openai":
        return Reached(provider.name, True, f"{provider.kind}: no server is asked")
    key = _key(provider)
    try:
        model = open_openai(provider, provider.model, Path(), clock)
        listed = model.listed_models(Deadline.after(PATIENCE_S, clock))
    except AidbtError as error:
        return Reached(provider.name, False, f"{provider.base_url}, {key}: {error.message}", error.hint or "")
    if listed is None:
        return Reached(provider.name, True, f"{model.about}, {key}; it does not list its models")
    wanted = [name for name in (provider.model, provider.small_model) if name]
    missing = [name for name in wanted if not any(is_same_model(name, other) for other in listed)]
    if not missing:
        return Reached(provider.name, True, f"{model.about}, {key}, has {' and '.join(wanted)}")
    has = ", ".join(sorted(listed)[:5]) or "none"
    detail = f"{model.about}, {key}; it does not list {' and '.join(missing)}"
    return Reached(provider.name, False, detail, f"its models: {has}{', …' if len(listed) > 5 else ''}")


def _key(provider: ProviderSettings) -> str:
    if not provider.api_key_env:
        return "no key"
    return f"key in {provider.api_key_env}" if secret(provider.api_key_env) else "key not set"
