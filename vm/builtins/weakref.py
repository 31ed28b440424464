"""Weak references and the containers made of them, on top of the built-in module _weakref."""
import _weakref
import sys as _sys
from _weakref import (getweakrefcount, getweakrefs, ref, proxy, CallableProxyType, ProxyType,
                      ReferenceType, _remove_dead_weakref)

ProxyTypes = (ProxyType, CallableProxyType)

__all__ = ["ref", "proxy", "getweakrefcount", "getweakrefs", "WeakKeyDictionary", "ReferenceType",
           "ProxyType", "CallableProxyType", "ProxyTypes", "WeakValueDictionary", "WeakSet",
           "WeakMethod", "finalize"]

_missing = object()


class WeakMethod(ref):
    """A weak reference to a bound method: alive as long as its object and its function are."""

    __slots__ = "_function", "_bind", "__weakref__"

    def __new__(cls, meth, callback=None):
        if not (hasattr(meth, "__self__") and hasattr(meth, "__func__")):
            raise TypeError(f"argument should be a bound method, not {type(meth)}")
        whole = None

        def part_died(_):
            method = whole and whole()
            if method is not None and method._bind:
                method._bind = None     # once, whichever part dies first
                if callback:
                    callback(method)

        method = ref.__new__(cls, meth.__self__, part_died)
        method._function = ref(meth.__func__, part_died)
        method._bind = type(meth)
        whole = ref(method)     # part_died must not keep it alive
        return method

    def __call__(self):
        owner, function = ref.__call__(self), self._function()
        alive = owner is not None and function is not None
        return self._bind(function, owner) if alive and self._bind else None

    def __eq__(self, other):
        if not isinstance(other, WeakMethod):
            return NotImplemented
        if self._bind and other._bind:
            return self._function == other._function and ref.__eq__(self, other)
        return self is other

    def __ne__(self, other):
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = ref.__hash__


class _Busy:
    """While a container is iterated over, removals wait in its list of pending ones."""

    def __init__(self, container):
        self._container = ref(container)

    def __enter__(self):
        container = self._container()
        if container is not None:
            container._iterating += 1
        return self

    def __exit__(self, *args):
        container = self._container()
        if container is not None:
            container._iterating -= 1
            if not container._iterating:
                container._commit()


class KeyedRef(ref):
    """A reference that remembers under which key a WeakValueDictionary has it."""

    __slots__ = "key",

    def __new__(type, ob, callback, key):
        self = ref.__new__(type, ob, callback)
        self.key = key
        return self

    def __init__(self, ob, callback, key):
        super().__init__(ob, callback)


class _Mapping:
    """What both dictionaries have in common, in terms of items(), keys() and the item methods."""

    def get(self, key, default=None):
        try:
            return self[key]
        except KeyError:
            return default

    def __eq__(self, other):
        if not hasattr(other, 'items'):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    __hash__ = None

    def _pairs(self, other, kwargs):
        if hasattr(other, 'items'):
            yield from other.items()
        elif hasattr(other, 'keys'):
            for key in other.keys():
                yield key, other[key]
        elif other is not None:
            yield from other
        yield from kwargs.items()

    def clear(self):
        try:
            while True:
                self.popitem()
        except KeyError:
            pass

    def __ior__(self, other):
        self.update(other)
        return self

    def __or__(self, other):
        if not hasattr(other, 'items'):
            return NotImplemented
        result = self.copy()
        result.update(other)
        return result

    def __ror__(self, other):
        if not hasattr(other, 'items'):
            return NotImplemented
        result = self.__class__()
        result.update(other)
        result.update(self)
        return result


class WeakValueDictionary(_Mapping):
    """A mapping whose entries vanish when their values die."""

    def __init__(self, other=(), /, **kw):
        def remove(dead, selfref=ref(self), remove_dead=_remove_dead_weakref):
            self = selfref()
            if self is not None:
                if self._iterating:
                    self._pending.append(dead.key)
                else:
                    remove_dead(self.data, dead.key)
        self._remove = remove
        self._pending = []
        self._iterating = 0
        self.data = {}
        self.update(other, **kw)

    def _commit(self):
        while self._pending:
            _remove_dead_weakref(self.data, self._pending.pop())

    def __getitem__(self, key):
        self._commit_if_idle()
        o = self.data[key]()
        if o is None:
            raise KeyError(key)
        return o

    def _commit_if_idle(self):
        if self._pending and not self._iterating:
            self._commit()

    def __setitem__(self, key, value):
        self._commit_if_idle()
        self.data[key] = KeyedRef(value, self._remove, key)

    def __delitem__(self, key):
        self._commit_if_idle()
        del self.data[key]

    def __len__(self):
        self._commit_if_idle()
        return len(self.data) - len(self._pending)

    def __contains__(self, key):
        self._commit_if_idle()
        try:
            return self.data[key]() is not None
        except KeyError:
            return False

    def __repr__(self):
        return "<%s at %#x>" % (self.__class__.__name__, id(self))

    def __copy__(self):
        return self.copy()

    def copy(self):
        new = WeakValueDictionary()
        for key, value in self.items():
            new[key] = value
        return new

    def __deepcopy__(self, memo):
        from copy import deepcopy
        new = self.__class__()
        for key, value in self.items():
            new[deepcopy(key, memo)] = value
        return new

    def items(self):
        self._commit_if_idle()
        with _Busy(self):
            for key, wr in self.data.items():
                value = wr()
                if value is not None:
                    yield key, value

    def keys(self):
        self._commit_if_idle()
        with _Busy(self):
            for key, wr in self.data.items():
                if wr() is not None:
                    yield key

    __iter__ = keys

    def values(self):
        self._commit_if_idle()
        with _Busy(self):
            for wr in self.data.values():
                value = wr()
                if value is not None:
                    yield value

    def itervaluerefs(self):
        self._commit_if_idle()
        with _Busy(self):
            yield from self.data.values()

    def valuerefs(self):
        self._commit_if_idle()
        return list(self.data.values())

    def popitem(self):
        self._commit_if_idle()
        while True:
            key, wr = self.data.popitem()
            value = wr()
            if value is not None:
                return key, value

    def pop(self, key, *args):
        self._commit_if_idle()
        wr = self.data.pop(key, None)
        value = wr() if wr is not None else None
        if value is None:
            if args:
                return args[0]
            raise KeyError(key)
        return value

    def setdefault(self, key, default=None):
        value = self.get(key)
        if value is None:
            self[key] = default
            return default
        return value

    def update(self, other=None, /, **kwargs):
        for key, value in self._pairs(other, kwargs):
            self[key] = value


class WeakKeyDictionary(_Mapping):
    """A mapping whose entries vanish when their keys die."""

    def __init__(self, dict=None):
        def remove(dead, selfref=ref(self)):
            self = selfref()
            if self is not None:
                if self._iterating:
                    self._pending.append(dead)
                else:
                    self.data.pop(dead, None)
        self._remove = remove
        self._pending = []
        self._iterating = 0
        self.data = {}
        if dict is not None:
            self.update(dict)

    def _commit(self):
        while self._pending:
            self.data.pop(self._pending.pop(), None)

    def __getitem__(self, key):
        return self.data[ref(key)]

    def __setitem__(self, key, value):
        self.data[ref(key, self._remove)] = value

    def __delitem__(self, key):
        del self.data[ref(key)]

    def __len__(self):
        if self._pending and not self._iterating:
            self._commit()
        return len(self.data) - len(self._pending)

    def __contains__(self, key):
        try:
            return ref(key) in self.data
        except TypeError:
            return False

    def __repr__(self):
        return "<%s at %#x>" % (self.__class__.__name__, id(self))

    def __copy__(self):
        return self.copy()

    def copy(self):
        new = WeakKeyDictionary()
        for key, value in self.items():
            new[key] = value
        return new

    def __deepcopy__(self, memo):
        from copy import deepcopy
        new = self.__class__()
        for key, value in self.items():
            new[key] = deepcopy(value, memo)
        return new

    def get(self, key, default=None):
        return self.data.get(ref(key), default)

    def items(self):
        with _Busy(self):
            for wr, value in self.data.items():
                key = wr()
                if key is not None:
                    yield key, value

    def keys(self):
        with _Busy(self):
            for wr in self.data:
                key = wr()
                if key is not None:
                    yield key

    __iter__ = keys

    def values(self):
        with _Busy(self):
            for wr, value in self.data.items():
                if wr() is not None:
                    yield value

    def keyrefs(self):
        return list(self.data)

    def popitem(self):
        while True:
            wr, value = self.data.popitem()
            key = wr()
            if key is not None:
                return key, value

    def pop(self, key, *args):
        return self.data.pop(ref(key), *args)

    def setdefault(self, key, default=None):
        return self.data.setdefault(ref(key, self._remove), default)

    def update(self, dict=None, /, **kwargs):
        for key, value in self._pairs(dict, kwargs):
            self[key] = value


class WeakSet:
    """A set whose members vanish when they die."""

    def __init__(self, data=None):
        def remove(dead, selfref=ref(self)):
            self = selfref()
            if self is not None:
                if self._iterating:
                    self._pending.append(dead)
                else:
                    self.data.discard(dead)
        self._remove = remove
        self._pending = []
        self._iterating = 0
        self.data = set()
        if data is not None:
            self.update(data)

    def _commit(self):
        while self._pending:
            self.data.discard(self._pending.pop())

    def _commit_if_idle(self):
        if self._pending and not self._iterating:
            self._commit()

    def __iter__(self):
        with _Busy(self):
            for wr in self.data:
                item = wr()
                if item is not None:
                    yield item

    def __len__(self):
        return len(self.data) - len(self._pending)

    def __contains__(self, item):
        try:
            return ref(item) in self.data
        except TypeError:
            return False

    def __repr__(self):
        return repr(self.data)

    def add(self, item):
        self._commit_if_idle()
        self.data.add(ref(item, self._remove))

    def discard(self, item):
        self._commit_if_idle()
        self.data.discard(ref(item))

    def remove(self, item):
        self._commit_if_idle()
        self.data.remove(ref(item))

    def pop(self):
        self._commit_if_idle()
        while True:
            try:
                wr = self.data.pop()
            except KeyError:
                raise KeyError('pop from empty WeakSet') from None
            item = wr()
            if item is not None:
                return item

    def clear(self):
        self._commit_if_idle()
        self.data.clear()

    def copy(self):
        return self.__class__(self)

    def update(self, other):
        self._commit_if_idle()
        for item in other:
            self.add(item)

    def __ior__(self, other):
        self.update(other)
        return self

    def union(self, other):
        return self.__class__(item for s in (self, other) for item in s)

    __or__ = union

    def intersection(self, other):
        return self.__class__(item for item in other if item in self)

    __and__ = intersection

    def difference(self, other):
        result = self.copy()
        result.difference_update(other)
        return result

    __sub__ = difference

    def difference_update(self, other):
        self._commit_if_idle()
        if self is other:
            self.data.clear()
        else:
            self.data.difference_update({ref(item) for item in other})

    def __isub__(self, other):
        self.difference_update(other)
        return self

    def intersection_update(self, other):
        self._commit_if_idle()
        self.data.intersection_update({ref(item) for item in other})

    def __iand__(self, other):
        self.intersection_update(other)
        return self

    def symmetric_difference(self, other):
        result = self.copy()
        for item in list(other):
            if item in result:
                result.discard(item)
            else:
                result.add(item)
        return result

    __xor__ = symmetric_difference

    def symmetric_difference_update(self, other):
        self._commit_if_idle()
        if self is other:
            self.data.clear()
        else:
            self.data.symmetric_difference_update({ref(item, self._remove) for item in other})

    def __ixor__(self, other):
        self.symmetric_difference_update(other)
        return self

    def issubset(self, other):
        return self.data.issubset({ref(item) for item in other})

    __le__ = issubset

    def __lt__(self, other):
        return self.data < {ref(item) for item in other}

    def issuperset(self, other):
        return self.data.issuperset({ref(item) for item in other})

    __ge__ = issuperset

    def __gt__(self, other):
        return self.data > {ref(item) for item in other}

    def __eq__(self, other):
        if not isinstance(other, self.__class__):
            return NotImplemented
        return self.data == {ref(item) for item in other}

    __hash__ = None

    def isdisjoint(self, other):
        return len(self.intersection(other)) == 0


class _Call:
    """What a finalizer will do."""

    __slots__ = "owner", "function", "args", "kwargs", "at_exit"

    def __init__(self, owner, function, args, kwargs):
        self.owner = owner
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.at_exit = True


class finalize:
    """Calls a function when an object dies, at the latest at exit."""

    __slots__ = ()
    _calls = {}     # finalizer -> _Call, oldest first; this is what keeps finalizers alive
    _state = "unused"

    def __init__(self, obj, func, /, *args, **kwargs):
        call = _Call(ref(obj, self), func, args, kwargs)
        if finalize._state == "unused":
            import atexit
            atexit.register(finalize._run_rest)
            finalize._state = "watching"
        self._calls[self] = call

    def __call__(self, _=None):
        """Calls the function, once."""
        call = self._calls.pop(self, None)
        if call is not None and finalize._state != "ended":
            return call.function(*call.args, **call.kwargs)

    def peek(self):
        """(object, function, args, kwargs) while the object lives and nothing was called."""
        call = self._calls.get(self)
        owner = None if call is None else call.owner()
        return None if owner is None else (owner, call.function, call.args, call.kwargs)

    def detach(self):
        """What peek() says; and nothing will be called any more."""
        what = self.peek()
        if what is not None and self._calls.pop(self, None) is not None:
            return what

    @property
    def alive(self):
        return self in self._calls

    @property
    def atexit(self):
        call = self._calls.get(self)
        return call is not None and call.at_exit

    @atexit.setter
    def atexit(self, value):
        call = self._calls.get(self)
        if call is not None:
            call.at_exit = bool(value)

    def __repr__(self):
        what = self.peek()
        state = f"for {type(what[0]).__name__!r} at {id(what[0]):#x}" if what else "dead"
        return f"<{type(self).__name__} object at {id(self):#x}; {state}>"

    @staticmethod
    def _run_rest():
        """At exit: what is left and wants to run then, newest first."""
        try:
            while True:
                rest = [f for f, call in finalize._calls.items() if call.at_exit]
                if not rest:
                    break
                try:
                    rest[-1]()
                except Exception as error:
                    _sys.excepthook(type(error), error, error.__traceback__)
        finally:
            finalize._state = "ended"


def _register():
    """Says to the abstract classes of the library, where there is one, what the containers are."""
    try:
        from _collections_abc import MutableMapping, MutableSet
    except ImportError:
        return
    MutableSet.register(WeakSet)
    MutableMapping.register(WeakKeyDictionary)
    MutableMapping.register(WeakValueDictionary)


_register()
del _register
