"""What stays on disk: run folders, records, the environment they were made in, and migrations."""
