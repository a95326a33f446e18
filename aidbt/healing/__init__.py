"""Why something failed, and mending it with proof."""
