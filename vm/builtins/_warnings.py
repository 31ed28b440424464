"""What importlib warns by. The module warnings has everything else in Python: it asks this one for
names that are not here, and then uses its own.
"""


def warn(message, category=None, stacklevel=1, source=None):
    import warnings
    warnings.warn(message, category, stacklevel + 1, source)


def warn_explicit(*args, **kwargs):
    import warnings
    warnings.warn_explicit(*args, **kwargs)
