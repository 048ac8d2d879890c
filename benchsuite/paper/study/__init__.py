"""Composition: from a suite's prose and its findings to a document. Every sentence about results is chosen by them."""
