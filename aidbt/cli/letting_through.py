"""What a person said is right lets builds go on; in one line what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidbt.cli.render import count

if TYPE_CHECKING:
    from aidbt.session import Session


def let_builds_through(session: Session) -> str:
    """Let data tests pass what the feedback says is fine; in one line what came of it, "" for nothing."""
    from aidbt.cli.monitor import manifest_of
    from aidbt.core.errors import AidbtError, ArtifactError
    from aidbt.monitors.judging.declared import monitor_tests
    from aidbt.observability.adjusting import project_feedback
    from aidbt.observability.letting_through import let_through

    try:
        manifest = manifest_of(session, None)
        if not monitor_tests(manifest):
            return ""
        feedback, _ = project_feedback(session.project.root, manifest, session.store)
        opened = let_through(manifest, session.warehouse, feedback)
    except ArtifactError:  # dbt has never run here, and no data test stops anything
        return ""
    except AidbtError as error:
        return f"data tests may still stop a build until the next aidbt monitor run: {error.message}"
    return f"dbt build goes on: {count(opened, 'data test')} let it pass" if opened else ""
