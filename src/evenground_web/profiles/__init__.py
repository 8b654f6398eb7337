"""FIND: home, profiles, indicators and where the figures come from. Reads releases and nothing else."""
