"""aidbt: hands and eyes for a dbt project.

>>> import aidbt
>>> session = aidbt.open("my_project")  # doctest: +SKIP
>>> session.project.name  # doctest: +SKIP
'my_project'
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("aidbt")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0+unknown"

__all__ = ["__version__", "open"]


def open(project_dir: Any = None, **options: Any) -> Any:
    """Open a dbt project for a notebook or a script; see `aidbt.session.open_session`."""
    from aidbt.session import open_session

    return open_session(project_dir, **options)
