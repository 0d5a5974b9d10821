"""The compiled parts; everything else about the build stands in pyproject.toml.

Environment switches: FASTNET_SANITIZE=address,undefined  FASTNET_DEBUG=1  FASTNET_COVERAGE=1  FASTNET_ANNOTATE=1
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

# Kernels that each extension owns; any extension may cimport another's C functions.
KERNELS: dict[str, list[str]] = {
    "fastnet.codecs.http1": ["http1", "http1_fields", "chunked", "scan", "url", "cpu"],
}


def switch(name: str) -> str:
    value = os.environ.get(f"FASTNET_{name}", "")
    return "" if value == "0" else value


sanitize, debug, coverage = switch("SANITIZE"), switch("DEBUG"), switch("COVERAGE")
flags = ["-std=c11", "-O1" if debug or sanitize else "-O3", "-g" if debug or sanitize else "-g0"]
link: list[str] = []
if sanitize:
    flags += [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer"]
    link += [f"-fsanitize={sanitize}"]
macros = [("CYTHON_TRACE_NOGIL", "1")] if coverage else []

directives = {
    "language_level": 3,
    "freethreading_compatible": True,
    "boundscheck": bool(debug),
    "wraparound": bool(debug),
    "initializedcheck": False,
    "binding": False,
    "embedsignature": True,
    "linetrace": bool(coverage),
}


def extension(pyx: Path) -> Extension:
    name = ".".join(pyx.relative_to("src").with_suffix("").parts)
    kernels = [f"csrc/{kernel}.c" for kernel in KERNELS.get(name, [])]
    return Extension(
        name,
        [str(pyx), *kernels],
        include_dirs=["csrc/include"],
        depends=[str(h) for h in Path("csrc").rglob("*.h")],
        define_macros=macros,
        extra_compile_args=flags,
        extra_link_args=link,
    )


setup(
    ext_modules=cythonize(
        [extension(p) for p in sorted(Path("src").rglob("*.pyx"))],
        compiler_directives=directives,
        annotate=bool(switch("ANNOTATE")),
        nthreads=os.cpu_count() or 1,
    )
)
