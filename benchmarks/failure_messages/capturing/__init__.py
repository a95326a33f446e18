"""Breaking real engines and clients on purpose, and keeping what they say."""
