"""The paper's claims, and what the measured runs say about each."""
