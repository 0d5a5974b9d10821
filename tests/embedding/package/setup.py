from Cython.Build import cythonize
from setuptools import Extension, setup

import fastnet

setup(
    name="embedded",
    ext_modules=cythonize(
        [
            Extension(name, [f"{name}.pyx"], include_dirs=[fastnet.get_include()])
            for name in ("count_fields", "messages")
        ],
        compiler_directives={"language_level": 3},
    ),
)
