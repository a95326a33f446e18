"""From scores to findings: what is judged, from which score on, and what is not a matter of scores at all."""
