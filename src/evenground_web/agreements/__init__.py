"""Who may use which data for what: the data-sharing agreements that the figures were made under."""
