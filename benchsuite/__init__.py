"""benchsuite: declare an image-classification study in YAML, run it bit for bit, read its paper."""

import logging

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # whoever uses it as a library decides what is shown
