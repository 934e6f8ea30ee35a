"""Whether the compiled engines can be built on this machine."""

import pytest
import torch

from distancenets.training.engines.compiler import NoCompiler
from distancenets.training.engines.sparse import built

try:
    built(torch.float32)
    COMPILED = True
except NoCompiler:
    COMPILED = False

needs_compiler = pytest.mark.skipif(not COMPILED, reason="no C compiler")
