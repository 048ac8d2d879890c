"""From a document to HTML and PDF."""
