"""The compiled engine: one C source, built by the compiler in the lock, with the same bits on every processor."""
