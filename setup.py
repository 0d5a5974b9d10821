"""The compiled parts and the C headers; everything else about the build stands in pyproject.toml.

Environment switches: FASTNET_SANITIZE=address,undefined  FASTNET_DEBUG=1  FASTNET_COVERAGE=1  FASTNET_ANNOTATE=1
FASTNET_PORTABLE=1 leaves out what needs epoll, as everywhere but on Linux. FASTNET_OPTIMIZE=1 compiles in half the
time, to test rather than to serve (the level of the C compiler's -O; 3 when not set).
"""

import os
import re
import sys
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
    "fastnet.codecs.framing_cobs": ["cobs"],
    "fastnet.codecs.websocket": [
        *("websocket", "simd/websocket_sse42", "simd/websocket_avx2", "simd/websocket_avx512", "simd/websocket_neon"),
        "cpu",
    ],
    "fastnet.codecs.memcache": ["memcache", "memcache_replies"],
    "fastnet.codecs.dns_names": ["dns", "dns_names", "siphash"],
    "fastnet.codecs.msgpack_arrays": ["msgpack_items", "simd/msgpack_avx512", "cpu"],
    "fastnet.codecs.msgpack_stream": ["msgpack"],
    "fastnet.codecs.http1": [
        *("http1", "http1_machine", "http1_fields", "http1_error", "char_class", "scan", "chunked"),
        *("simd/http1_sse42", "simd/http1_avx2", "simd/http1_avx512", "simd/http1_neon"),
        *("authority", "url", "cpu"),
    ],
    "fastnet.codecs.hpack": ["hpack", "hpack_encode", "hpack_huffman"],
    "fastnet.codecs.http2": ["http2"],
    "fastnet.bench.histogram": ["histogram", "histogram_codec"],
    # The engine calls kernels from C, so it has its own copy of them; its own files are csrc/load.
    "fastnet.bench.engine": [
        *("load/background", "load/connection", "load/echo", "load/engine", "load/http1", "load/loop"),
        *("load/schedule", "load/tls"),
        *("histogram", "http1", "http1_machine", "http1_fields", "http1_error", "char_class", "scan", "chunked"),
        *("simd/http1_sse42", "simd/http1_avx2", "simd/http1_avx512", "simd/http1_neon", "authority", "cpu"),
        *("checksum_crc", "simd/crc_sse42", "simd/crc_avx512", "simd/crc_neon"),
    ],
}
# Beyond what Python itself is linked with, for C libraries older than glibc 2.34.
LIBRARIES = {"fastnet.bench.engine": ["dl", "m", "pthread"]}
# What is written for epoll: the native driver, without which asyncio's transports serve, and the load generator.
EPOLL = {
    f"src/fastnet/servers/{name}.pyx"
    for name in ("datagrams", "hub", "names", "native", "native_channel", "stream_channel", "hosted", "one_connection",
                 "tracing")
}
EPOLL.add("src/fastnet/bench/engine.pyx")
HEADERS = sorted(map(str, [*Path("csrc").rglob("*.h"), *Path("src").rglob("*.h")]))


def switch(name: str) -> str:
    value = os.environ.get(f"FASTNET_{name}", "")
    return "" if value == "0" else value


sanitize, debug, coverage = switch("SANITIZE"), switch("DEBUG"), switch("COVERAGE")
level = switch("OPTIMIZE") or "3"
# Hidden visibility lets calls from one kernel to another bind directly; only PyInit_* is looked up from outside.
flags = ["-std=c11", "-fvisibility=hidden", *(["-O1", "-g"] if debug or sanitize else [f"-O{level}", "-g0"])]
link: list[str] = []
if debug:
    flags += ["-UNDEBUG"]
if sanitize:
    flags += [f"-fsanitize={sanitize}", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    link += [f"-fsanitize={sanitize}"]

directives = {
    "language_level": 3,
    "freethreading_compatible": True,
    "subinterpreters_compatible": "own_gil",
    "boundscheck": bool(debug),
    "wraparound": bool(debug),
    "initializedcheck": False,
    "binding": False,
    "embedsignature": True,
    "linetrace": bool(coverage),
}


# Each interpreter has its own copy of what a module keeps, its types among it, which is what lets subinterpreters with
# a GIL of their own load it (CPython 3.12 and later). How Cython finds the copy is replaced: see the header.
own_state = sys.version_info >= (3, 12)
STATE_MACROS = [("CYTHON_USE_MODULE_STATE", "1"), ("CYTHON_USE_TYPE_SPECS", "1")] if own_state else []
STATE_EDITS = {
    "#define __pyx_mstate_global (__Pyx_PyModule_GetState(__Pyx_State_FindModule(&__pyx_moduledef)))\n":
        '#include "fastnet/_module_state.h"\n',
    "= __Pyx_State_AddModule(__pyx_t_1, &__pyx_moduledef);": "= fn_add_state(__pyx_t_1);",
    "  #if CYTHON_PEP489_MULTI_PHASE_INIT\n  __Pyx_State_RemoveModule(NULL);\n  #endif\n": "",
    "__pyx_m_clear, /* m_clear */\n      NULL": "__pyx_m_clear, /* m_clear */\n      fn_free_state",
}
# The tables of methods are the process's, yet each interpreter that loads the module fills them again, emptying them
# for a moment in which another may use them: they are filled once, under a lock that is held for those few stores.
FILL_VTABLE = re.compile(r"  (__pyx_vtabptr_(\w+)) = &__pyx_vtable_\2;\n((?:  __pyx_vtable_\2\.[^\n]+\n)*)")
FILL_VTABLE_ONCE = r"""  {
  static char filling;
  while (__atomic_test_and_set(&filling, __ATOMIC_ACQUIRE)) {}
  if (!\1) {
\3  \1 = &__pyx_vtable_\2;
  }
  __atomic_clear(&filling, __ATOMIC_RELEASE);
  }
"""
EMPTY_VTABLE_POINTER = "    void* ptr;\n    *table = NULL;\n"


def keep_state_by_interpreter(generated: Path) -> None:
    text = generated.read_text()
    if "fn_add_state" in text:
        return
    tables = text.count("= &__pyx_vtable_")
    if not all(text.count(old) == 1 for old in STATE_EDITS) or len(FILL_VTABLE.findall(text)) != tables:
        print(f"fastnet: {generated}: slower than it could be: setup.py does not know this Cython's C")
        return
    for old, new in STATE_EDITS.items():
        text = text.replace(old, new)
    text = FILL_VTABLE.sub(FILL_VTABLE_ONCE, text).replace(EMPTY_VTABLE_POINTER, "    void* ptr;\n")
    generated.write_text(text)


def extension(pyx: Path) -> Extension:
    name = ".".join(pyx.relative_to("src").with_suffix("").parts)
    return Extension(
        name,
        [str(pyx), *(f"csrc/{kernel}.c" for kernel in KERNELS.get(name, []))],
        include_dirs=["csrc/include", "csrc", "src"],
        libraries=LIBRARIES.get(name, []),
        depends=HEADERS,
        define_macros=[*STATE_MACROS, *([("CYTHON_TRACE_NOGIL", "1")] if coverage else [])],
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


left_out = EPOLL if switch("PORTABLE") or sys.platform != "linux" else set()
modules = cythonize(
    [extension(pyx) for pyx in sorted(Path("src").rglob("*.pyx")) if pyx.as_posix() not in left_out],
    # The directives decide what is generated, and a time stamp cannot tell them apart, so each has its folder;
    # but coverage's plug-in looks for the C beside the source.
    build_dir=None if coverage else "build/cython-debug" if debug else "build/cython",
    compiler_directives=directives,
    annotate=bool(switch("ANNOTATE")),
    nthreads=os.cpu_count() or 1,
)
for module in modules:
    keep_state_by_interpreter(Path(module.sources[0]))

setup(
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"": ["*.pxd", "*.pyi", "*.css", "*.js", "py.typed"]},
    include_package_data=False,
    cmdclass={"build_py": build_with_headers},
    options={"build_ext": {"parallel": os.cpu_count()}},
    ext_modules=modules,
)
