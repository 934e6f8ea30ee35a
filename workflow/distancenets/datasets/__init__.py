"""Pixels and labels, fetched from one of several sources and checked against pinned digests."""
