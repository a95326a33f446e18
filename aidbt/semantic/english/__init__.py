"""English questions, read by rules: every word is accounted for, or the question is refused.

`reading` is the way in. Below it, each package imports only those that stand before it here:

- `words`: tokens, word lists, what tables, columns and values may be called;
- `meanings`: what phrases mean, and the chart that finds them;
- `grounding`: what the words of a sentence name in the data;
- `checks`: whether a reading that fits together may be answered;
- `row_rules`, `number_rules`: which phrases make a longer one;
- `queries`: from phrases to one query;
- `instructions`: what comes with a question.
"""
