"""What every kind of source shares: files opened, rows staged, checked, counted and merged, in DuckDB."""
