"""One file per claimed number: ours and the peer in one run."""
