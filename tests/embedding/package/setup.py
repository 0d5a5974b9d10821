from Cython.Build import cythonize
from setuptools import Extension, setup

import fastnet

setup(
    name="count-fields",
    ext_modules=cythonize(
        [Extension("count_fields", ["count_fields.pyx"], include_dirs=[fastnet.get_include()])],
        compiler_directives={"language_level": 3},
    ),
)
