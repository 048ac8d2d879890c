"""Readings of the machine while a run is made: memory and energy."""
