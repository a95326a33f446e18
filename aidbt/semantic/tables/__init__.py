"""What tables and columns are called and what for, and which rows refer to which, as names and data show."""
