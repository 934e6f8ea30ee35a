"""The paper's claims, and the verdict of the measured runs on each."""
