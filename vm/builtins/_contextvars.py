"""Context variables: a mapping for each thread, copied when a Context is."""
import _thread

_local = _thread._local()
_missing = object()


def _current():
    try:
        return _local.context
    except AttributeError:
        context = _local.context = Context()
        return context


class Token:
    """What ContextVar.set returns, for ContextVar.reset."""
    MISSING = type('_TokenMissing', (), {'__repr__': lambda self: '<Token.MISSING>'})()
    __slots__ = ('_context', '_var', '_old', '_used')

    def __new__(cls):
        raise RuntimeError("Tokens can only be created by ContextVars")

    @property
    def var(self):
        return self._var

    @property
    def old_value(self):
        return Token.MISSING if self._old is _missing else self._old

    def __repr__(self):
        return "<Token%s var=%r at %#x>" % (" used" if self._used else "", self._var, id(self))

    def __class_getitem__(cls, item):
        import types
        return types.GenericAlias(cls, item)


class ContextVar:
    __slots__ = ('_name', '_default', '__weakref__')

    def __init__(self, name, /, *, default=_missing):
        if not isinstance(name, str):
            raise TypeError("context variable name must be a str")
        self._name = name
        self._default = default

    @property
    def name(self):
        return self._name

    def get(self, default=_missing, /):
        value = _current()._values.get(self, _missing)
        if value is not _missing:
            return value
        if default is not _missing:
            return default
        if self._default is not _missing:
            return self._default
        raise LookupError(self)

    def set(self, value, /):
        context = _current()
        token = object.__new__(Token)
        token._context = context
        token._var = self
        token._old = context._values.get(self, _missing)
        token._used = False
        context._values[self] = value
        return token

    def reset(self, token, /):
        if not isinstance(token, Token):
            raise TypeError("expected an instance of Token, got %r" % (token,))
        if token._used:
            raise RuntimeError("%r has already been used once" % (token,))
        if token._var is not self:
            raise ValueError("%r was created by a different ContextVar" % (token,))
        context = _current()
        if token._context is not context:
            raise ValueError("%r was created in a different Context" % (token,))
        token._used = True
        if token._old is _missing:
            context._values.pop(self, None)
        else:
            context._values[self] = token._old

    def __repr__(self):
        default = "" if self._default is _missing else " default=%r" % (self._default,)
        return "<ContextVar name=%r%s at %#x>" % (self._name, default, id(self))

    def __class_getitem__(cls, item):
        import types
        return types.GenericAlias(cls, item)


class Context:
    __slots__ = ('_values', '_entered', '_previous', '__weakref__')

    def __init__(self):
        self._values = {}
        self._entered = False
        self._previous = None

    def run(self, callable, /, *args, **kwargs):
        if self._entered:
            raise RuntimeError("cannot enter context: %r is already entered" % (self,))
        previous = _current()
        self._entered = True
        _local.context = self
        try:
            return callable(*args, **kwargs)
        finally:
            _local.context = previous
            self._entered = False

    def copy(self):
        new = Context()
        new._values = self._values.copy()
        return new

    def __getitem__(self, var, /):
        if not isinstance(var, ContextVar):
            raise TypeError("a ContextVar key was expected, got %r" % (var,))
        return self._values[var]

    def __contains__(self, var, /):
        if not isinstance(var, ContextVar):
            raise TypeError("a ContextVar key was expected, got %r" % (var,))
        return var in self._values

    def get(self, var, default=None, /):
        return self[var] if var in self else default

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def keys(self):
        return self._values.keys()

    def values(self):
        return self._values.values()

    def items(self):
        return self._values.items()

    def __eq__(self, other):
        return self._values == other._values if isinstance(other, Context) else NotImplemented

    __hash__ = None


def copy_context():
    return _current().copy()


for _class in (Token, ContextVar, Context):
    _class.__module__ = '_contextvars'
