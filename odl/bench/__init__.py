"""The benchmark: kernels and networks that others have published figures of, in one table."""
