"""The compiled parts and the C headers; everything else about the build stands in pyproject.toml.

Environment switches: FASTNET_SANITIZE=address,undefined  FASTNET_DEBUG=1  FASTNET_COVERAGE=1  FASTNET_ANNOTATE=1
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup
from setuptools.command.build_py import build_py

# Kernels that each extension owns; any extension may cimport another's C functions.
KERNELS: dict[str, list[str]] = {
    "fastnet.codecs.checksum": [
        *("checksum", "checksum_crc", "checksum_sums", "simd/crc_sse42", "simd/crc_avx512", "simd/crc_neon"),
        *("simd/sums_sse42", "simd/sums_avx2", "simd/sums_avx512", "simd/sums_neon", "cpu"),
    ],
    "fastnet.codecs.framing": ["framing", "framing_lines", "framing_bodies"],
    "fastnet.codecs.http1": [
        *("http1", "http1_machine", "http1_fields", "http1_error", "char_class", "scan", "chunked"),
        *("simd/http1_sse42", "simd/http1_avx2", "simd/http1_avx512", "simd/http1_neon"),
        *("authority", "url", "cpu"),
    ],
    "fastnet.bench.histogram": ["histogram", "histogram_codec"],
}
HEADERS = sorted(map(str, Path("csrc").rglob("*.h")))


def switch(name: str) -> str:
    value = os.environ.get(f"FASTNET_{name}", "")
    return "" if value == "0" else value


sanitize, debug, coverage = switch("SANITIZE"), switch("DEBUG"), switch("COVERAGE")
# Hidden visibility lets calls from one kernel to another bind directly; only PyInit_* is looked up from outside.
flags = ["-std=c11", "-fvisibility=hidden", *(["-O1", "-g"] if debug or sanitize else ["-O3", "-g0"])]
link: list[str] = []
if debug:
    flags += ["-UNDEBUG"]
if sanitize:
    flags += [f"-fsanitize={sanitize}", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    link += [f"-fsanitize={sanitize}"]

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
    return Extension(
        name,
        [str(pyx), *(f"csrc/{kernel}.c" for kernel in KERNELS.get(name, []))],
        include_dirs=["csrc/include"],
        depends=HEADERS,
        define_macros=[("CYTHON_TRACE_NOGIL", "1")] if coverage else [],
        extra_compile_args=flags,
        extra_link_args=link,
    )


class build_with_headers(build_py):
    """Puts the public C headers where fastnet.get_include() finds them."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "fastnet", "include", "fastnet")
            self.mkpath(str(target))
            for header in Path("csrc/include/fastnet").glob("*.h"):
                self.copy_file(str(header), str(target / header.name))


setup(
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"": ["*.pxd", "*.pyi", "py.typed"]},
    include_package_data=False,
    cmdclass={"build_py": build_with_headers},
    options={"build_ext": {"parallel": os.cpu_count()}},
    ext_modules=cythonize(
        [extension(pyx) for pyx in sorted(Path("src").rglob("*.pyx"))],
        # The directives decide what is generated, and a time stamp cannot tell them apart, so each has its folder;
        # but coverage's plug-in looks for the C beside the source.
        build_dir=None if coverage else "build/cython-debug" if debug else "build/cython",
        compiler_directives=directives,
        annotate=bool(switch("ANNOTATE")),
        nthreads=os.cpu_count() or 1,
    ),
)
