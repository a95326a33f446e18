"""Rules for phrases that ask for numbers, groups, orders and the first of some, and the whole grammar."""
