"""What a PDF carries: the files attached to it, whether they agree, and how two papers differ."""
