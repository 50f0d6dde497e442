"""Everything that is only speed. The folder can be deleted: the ops stay as they are.

What is here computes the same as a plain function, sooner: by other algorithms, in pieces that fit
the cache, on threads of a CPU; on a GPU with fewer calls (``device``). Each module ends with its
offers to ``kernels.faster``: in place of which plain function, for which arguments. The modules are
loaded when something is computed for the first time, so that importing minipose starts no thread
and changes no setting.
"""

from importlib import import_module

from minipose.kernels.faster import before_first_choice

OFFERING = (
    "device",
    "views",
    "convolution",
    "conv_pool",
    "doubling",
    "pooling",
    "products",
    "dropout",
    "pointwise",
    "moving",
    "softmax",
    "harmonic",
    "complex_maps",
    "normalised_gate",
    "norm",
    "group_norm",
    "upsampling",
    "updates",
    "orthogonal",
    "replicas",
    "evaluation",
)


def load() -> None:
    """Import what makes offers, and let the C library keep the memory that steps use again."""
    for name in OFFERING:
        import_module(f"minipose.fast.{name}")
    import_module("minipose.fast.memory").keep_freed_memory()
    import_module("minipose.fast.tuning").use()


def describe() -> str:
    """How it computes on this machine, in a few words."""
    workers = import_module("minipose.fast.workers")
    from minipose.processors import processors  # not with ``import minipose``, which is shallow

    return f"fast, {processors()} threads, BLAS: {workers.blas_name()}"


before_first_choice(load)
