"""What importlib asks of the interpreter's own importer (vm/runtime/import.c)."""
import sys as _sys

check_hash_based_pycs = 'default'


def lock_held():
    return False


def acquire_lock():
    pass


def release_lock():
    pass


def extension_suffixes():
    return []


def is_builtin(name, /):
    return 1 if name in _sys.builtin_module_names else 0


def is_frozen(name, /):
    return False


def is_frozen_package(name, /):
    raise ImportError("No such frozen object named " + name, name=name)


def find_frozen(name, /, *, withdata=False):
    return None


def get_frozen_object(name, data=None, /):
    raise ImportError("No such frozen object named " + name, name=name)


def init_frozen(name, /):
    return None


def _frozen_module_names():
    return []


def _override_frozen_modules_for_tests(override, /):
    pass


def create_builtin(spec, /):
    return __import__(spec.name)


def exec_builtin(module, /):
    return 0


def create_dynamic(spec, file=None, /):
    raise ImportError("extension modules cannot be loaded", name=spec.name)


def exec_dynamic(module, /):
    return 0


def source_hash(key, source):
    return (hash((key, source)) & 0xffffffffffffffff).to_bytes(8, 'little')


def _fix_co_filename(code, path, /):
    pass
