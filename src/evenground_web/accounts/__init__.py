"""Who may log in, as what."""
