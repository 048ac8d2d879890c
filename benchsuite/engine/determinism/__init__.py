"""Chance under control: named random streams, torch's deterministic settings, and switches that must not change."""
