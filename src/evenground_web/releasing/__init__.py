"""The release gate: what was built, what it would change, and whether the site shows it."""
