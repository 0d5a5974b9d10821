# Makes `from fastnet.codecs.http1 cimport ...` work in packages built outside this tree.
