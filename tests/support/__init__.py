"""What several categories of test build with."""
