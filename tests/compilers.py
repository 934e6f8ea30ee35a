"""Whether the compiled engine can be built on this machine."""

import pytest

from distancenets.training.engines.native.build import NoCompiler, build

try:
    build()
    COMPILED = True
except NoCompiler:
    COMPILED = False

needs_compiler = pytest.mark.skipif(not COMPILED, reason="no compiled engine for this processor")
