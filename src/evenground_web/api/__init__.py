"""What the site shows, for programs: a documented, read-only interface to the current release."""
