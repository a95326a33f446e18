"""Which class a failure is of: rules over codes first, then a learned classifier, past cases, a model."""
