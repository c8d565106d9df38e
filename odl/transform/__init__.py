"""Graph to graph: one pass a file, and the file, the function and its test have one name."""
