"""`make demo`: the main job on real data, in a scratch copy of the reference project."""
