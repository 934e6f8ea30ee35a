"""The 16 networks: what they are made of, what the paper calls them, what they compute."""
