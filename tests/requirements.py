"""What this machine has: devices for tests of numbers, and a compiler for this processor."""

import pytest
import torch

from distancenets.training.engines.native.build import NoCompiler, build

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]

try:
    build()
    COMPILED = True
except NoCompiler:
    COMPILED = False

needs_compiler = pytest.mark.skipif(not COMPILED, reason="no compiled engine for this processor")
