"""Whether a reading that fits together may be answered: nothing dropped, nothing taken for another thing."""
