"""FIND: which communities prevention misses most. Reads releases and nothing else."""
