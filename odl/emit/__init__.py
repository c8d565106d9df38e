"""Program to C files, through the templates of codegen/."""
