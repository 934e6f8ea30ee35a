"""Engines that are faster than the dense reference, and the choice between them."""
