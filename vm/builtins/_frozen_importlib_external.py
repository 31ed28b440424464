"""The part of importlib's machinery that knows files, and its ties to the interpreter's importer.

From here on the importer fills __spec__, __loader__ and __cached__ of the modules it loads, and
asks the machinery for what it cannot load itself.
"""
import sys
import _frozen_importlib

_frozen_importlib._run_library("_bootstrap_external", globals())
_count = len(sys.path_hooks)    # of the program, which came first
_install(_frozen_importlib)
_frozen_importlib._bootstrap_external = sys.modules[__name__]


def _describe(module, name=None):
    """Gives a module that the interpreter loaded what importlib would have given it."""
    names = module.__dict__
    name, file = name or names["__name__"], names.get("__file__")
    if file is not None:
        loader = SourceFileLoader(name, file)
        spec = spec_from_file_location(name, file, loader=loader,
                                       submodule_search_locations=names.get("__path__"))
        if spec.cached is not None:
            module.__cached__ = spec.cached
    else:
        loader = _frozen_importlib.BuiltinImporter
        spec = _frozen_importlib.ModuleSpec(name, loader, origin="built-in")
    module.__spec__ = spec
    module.__loader__ = loader


def _archive_importer(path):
    """The hook for zip archives in sys.path. Their module is loaded when the first one is met."""
    archive = path
    while True:
        try:
            mode = _path_stat(archive).st_mode
            break
        except (OSError, ValueError):
            archive, shorter = _path_split(archive)[0], archive
            if archive == shorter:
                raise ImportError("only zip archives are supported", path=path) from None
    if mode & 0o170000 != 0o100000:
        raise ImportError("only zip archives are supported", path=path)
    import zipimport
    return zipimport.zipimporter(path)


sys.path_hooks.insert(_count, _archive_importer)
for _name, _module in list(sys.modules.items()):
    if (isinstance(_module, type(sys)) and _module.__dict__.get("__spec__") is None and
            _name != "__main__" and _module.__dict__.get("__name__") == _name):
        _describe(_module)
if sys.modules["_imp"]._main_name() and sys.modules["__main__"].__spec__ is None:
    _describe(sys.modules["__main__"], sys.modules["_imp"]._main_name())    # it runs by -m
sys.modules["_imp"]._set_machinery(_frozen_importlib._find_and_load, _describe,
                                   (_frozen_importlib.BuiltinImporter,
                                    _frozen_importlib.FrozenImporter, PathFinder),
                                   tuple(sys.path_hooks[_count:]))
del _name, _module, _count
