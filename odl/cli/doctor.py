"""odl doctor: what this machine has, and what is missing for what."""

from __future__ import annotations

import click


@click.command("doctor", short_help="What this machine has, and what is missing for what.")
def command() -> int:
    """Check the installation; exits with 1 if nothing can be run."""
    from odl.report.doctor import examine, print_findings

    findings = examine()
    print_findings(findings)
    return 0 if all(f.ok or not f.needed for f in findings) else 1
