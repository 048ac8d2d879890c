"""One file a command: each asks the rooms below for what it needs and shows it."""
