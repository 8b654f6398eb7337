"""Finds indicators, areas and groups of people by their words."""
