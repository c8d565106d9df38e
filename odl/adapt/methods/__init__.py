"""One method a file; nothing lists them."""
