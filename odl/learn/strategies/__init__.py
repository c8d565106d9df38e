"""One file for each strategy; the registry finds them."""
