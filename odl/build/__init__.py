"""A build folder to an ELF file: the only place that starts compilers."""
