"""The figures of the paper and of this study."""
