"""The tables of the paper, published and measured side by side."""
