"""What a plugin must be: base classes, parameter models and the data types that pass between plugins and core."""
