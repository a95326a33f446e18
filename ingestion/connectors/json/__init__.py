"""JSON files as a source: lines of objects, one array, one object, or a list inside a document."""
