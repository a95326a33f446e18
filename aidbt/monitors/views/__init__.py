"""Ways to look at a bucket: its own past, given its parent or rows, over days, as a distribution."""
