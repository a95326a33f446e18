"""What a monitor's own past leads one to expect of its next bucket."""
