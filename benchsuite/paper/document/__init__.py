"""The document: blocks, inline markup, numbering, quoted quantities, and the form of its pages."""
