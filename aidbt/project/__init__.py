"""A dbt project: its files, its profile, its artifacts, and running dbt on it."""

from aidbt.project.files import Project, find_project, open_project
from aidbt.project.profile import Profile

__all__ = ["Profile", "Project", "find_project", "open_project"]
