"""What people look at: tables on a terminal, plain lines elsewhere, and the same facts as JSON."""
