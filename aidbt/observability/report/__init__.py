"""The report of a project: what is wrong, since when, how good the data is and what it costs, as one page."""
