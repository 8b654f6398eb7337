"""Speed and memory, measured: figures for docs, never assertions for tests."""
