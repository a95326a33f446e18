"""The review of a pull request: what a change does to the data, and what a reviewer should look at first."""
