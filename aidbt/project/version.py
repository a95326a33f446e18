"""Which dbt a project uses, without importing it, and what follows for the files it reads."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from aidbt.project.files import Project


def installed_dbt() -> tuple[int, int] | None:
    """(major, minor) of dbt-core in this environment, or None."""
    try:
        major, minor, *_ = version("dbt-core").split(".")
    except PackageNotFoundError:
        return None
    return int(major), int(minor)


def nested_test_arguments(project: Project) -> bool:
    """Whether a data test's arguments stand under `arguments:`.

    By the project's flag `require_generic_test_arguments_property`; where it is not set, dbt 1.11 and
    newer want them there, and older ones do not take them.
    """
    installed = installed_dbt()
    default = installed is None or installed >= (1, 11)
    return project.flag("require_generic_test_arguments_property", default)
