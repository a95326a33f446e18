"""A review in the forms that other programs take: Markdown, SARIF, GitHub's annotations, JUnit."""
