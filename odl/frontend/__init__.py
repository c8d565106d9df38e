"""Model files to graphs: caps first, then parsing, then one canonical opset."""
