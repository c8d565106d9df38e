"""`python -m odl` is `odl`."""

from odl.cli import main

main()
