"""Chance under control: named random streams, and torch's deterministic settings."""
