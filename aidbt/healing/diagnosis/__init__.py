"""From evidence to causes: values in, values out."""
