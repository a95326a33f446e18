"""The SQL style of a team: learned from its staging models, kept in aidbt.yml, written in."""

from aidbt.generate.sql_style.learn import learn_sql_style
from aidbt.generate.sql_style.sqlfluff import apply_sqlfluff
from aidbt.generate.sql_style.style import (
    Agreement,
    Heading,
    SqlStyle,
    column_group,
    from_settings,
    settings_yaml,
    style_findings,
)
from aidbt.generate.sql_style.write import write_staging

__all__ = [
    "Agreement",
    "Heading",
    "SqlStyle",
    "apply_sqlfluff",
    "column_group",
    "from_settings",
    "learn_sql_style",
    "settings_yaml",
    "style_findings",
    "write_staging",
]
