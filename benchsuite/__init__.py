"""benchsuite: declare an image-classification study in YAML, run it bit for bit, read its paper."""

__version__ = "0.1.0"
