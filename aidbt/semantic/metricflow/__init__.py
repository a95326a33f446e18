"""MetricFlow in this process: its engines, what it compiles, and what it refuses."""
