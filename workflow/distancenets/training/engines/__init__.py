"""Faster kinds of `Pixels` than the dense reference, and the choice among them."""
