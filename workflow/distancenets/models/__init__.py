"""The 16 networks: their parts, their names in the paper and their outputs."""
