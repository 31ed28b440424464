"""Checks a tree of the module ast and makes plain tuples of it, for compile().

Two passes, as in the reference: the first (`_plain`) reads every field and checks its type, the
second (`_check_...`) checks what the types do not say: contexts, names, empty bodies.

A plain node is a tuple: the name of its class, four numbers of its position when it has one, and
its fields in the order of the grammar. Lists are tuples; operators and contexts are names. What
reads it (vm/compile/tree_reader.c) relies on the shape.
"""
import _ast
from _ast import _SHAPES

_NAMES_ONLY = frozenset(('expr_context', 'boolop', 'operator', 'unaryop', 'cmpop'))
_CONSTANTS = (int, float, complex, str, bytes, bool, type(None), type(...))


def _required(node, name, owner):
    try:
        return getattr(node, name)
    except AttributeError:
        raise TypeError(f'required field "{name}" missing from {owner}') from None


def _int(value):
    if not isinstance(value, int):
        raise ValueError(f"invalid integer value: {value!r}")
    return value


def _position(node, base):
    line = _int(_required(node, 'lineno', base))
    col = _int(_required(node, 'col_offset', base))
    if base == 'pattern':
        end_line, end_col = _required(node, 'end_lineno', base), _required(node, 'end_col_offset', base)
    else:
        end_line, end_col = getattr(node, 'end_lineno', None), getattr(node, 'end_col_offset', None)
    end_line = line if end_line is None else _int(end_line)
    end_col = col if end_col is None else _int(end_col)
    if line > end_line:
        raise ValueError(f"AST node line range ({line}, {end_line}) is not valid")
    if (line < 0 and end_line != line) or (col < 0 and col != end_col):
        raise ValueError(f"AST node column range ({col}, {end_col}) for line range "
                         f"({line}, {end_line}) is not valid")
    if line == end_line and col > end_col:
        raise ValueError(f"line {line}, column {col}-{end_col} is not a valid range")
    return line, col, end_line, end_col


def _constant(value):
    if type(value) in (tuple, frozenset):
        for item in value:
            _constant(item)
    elif type(value) not in _CONSTANTS:
        raise TypeError(f"got an invalid type in Constant: {type(value).__name__}")


def _value(kind, value):
    """A field that is not a list and not None."""
    if kind == 'identifier':
        if type(value) is not str:
            raise TypeError("AST identifier must be of type str")
        return value
    if kind == 'int':
        return _int(value)
    if kind == 'string':
        if type(value) not in (str, bytes):
            raise TypeError("AST string must be of type str")
        return value
    if kind == 'constant':
        return value
    return _plain(kind, value)


def _plain(kind, node):
    base = getattr(_ast, kind)
    if not isinstance(node, base):
        if base._attributes:
            _position(node, kind)
        raise TypeError(f"expected some sort of {kind}, but got {node!r}")
    for cls in type(node).__mro__:
        name = cls.__name__
        if name in _SHAPES and getattr(_ast, name) is cls:
            break
    else:
        raise TypeError(f"expected some sort of {kind}, but got {node!r}")
    if kind in _NAMES_ONLY:
        return name
    fields, positioned = _SHAPES[name]
    out = [name]
    if positioned:
        out += _position(node, kind)
    for field_kind, mark, field in fields:
        if mark == '?':
            value = getattr(node, field, None)
            out.append(None if value is None else _value(field_kind, value))
            continue
        if field_kind == 'constant' and mark == '':
            out.append(_required(node, field, name))
            continue
        value = _required(node, field, name)
        if mark == '*':
            if not isinstance(value, list):
                raise TypeError(f'{name} field "{field}" must be a list, not a {type(value).__name__}')
            items = []
            for i in range(len(value)):
                if i >= len(value):
                    raise RuntimeError(f'{name} field "{field}" changed size during iteration')
                item = value[i]
                items.append(None if item is None else _value(field_kind, item))
            out.append(tuple(items))
        elif value is None:
            raise ValueError(f"field '{field}' is required for {name}")
        else:
            out.append(_value(field_kind, value))
    return tuple(out)


# ---- the second pass: on plain nodes -----------------------------------------------------------

def _check_name(name):
    if name in ('None', 'True', 'False'):
        raise ValueError(f"identifier field can't represent '{name}' constant")


def _check_exprs(nodes, ctx='Load', null_ok=False):
    for node in nodes:
        if node is not None:
            _check_expr(node, ctx)
        elif not null_ok:
            raise ValueError("None disallowed in expression list")


def _check_optional(node):
    if node is not None:
        _check_expr(node)


def _check_arguments(node):
    _, posonly, args, vararg, kwonly, kw_defaults, kwarg, defaults = node
    for arg in posonly + args + (vararg,) + kwonly + (kwarg,):
        if arg is not None:
            _check_name(arg[5])
            _check_optional(arg[6])
    if len(defaults) > len(posonly) + len(args):
        raise ValueError("more positional defaults than args on arguments")
    if len(kw_defaults) != len(kwonly):
        raise ValueError("length of kwonlyargs is not the same as kw_defaults on arguments")
    _check_exprs(defaults)
    _check_exprs(kw_defaults, null_ok=True)


def _check_keywords(nodes):
    for node in nodes:
        _check_expr(node[6])


def _check_comprehension(generators):
    if not generators:
        raise ValueError("comprehension with no generators")
    for _, target, iterable, ifs, _ in generators:
        _check_expr(target, 'Store')
        _check_expr(iterable)
        _check_exprs(ifs)


def _check_expr(node, ctx='Load'):
    kind = node[0]
    f = node[5:]
    if kind in ('Attribute', 'Subscript', 'Starred', 'Name', 'List', 'Tuple'):
        if f[-1] != ctx:
            raise ValueError(f"expression must have {ctx} context but has {f[-1]} instead")
    elif ctx != 'Load':
        raise ValueError(f"expression which can't be assigned to in {ctx} context")
    if kind == 'Name':
        _check_name(f[0])
    elif kind == 'Constant':
        _constant(f[0])
    elif kind == 'Attribute':
        _check_expr(f[0])
    elif kind == 'Subscript':
        _check_expr(f[0])
        _check_expr(f[1])
    elif kind == 'Starred':
        _check_expr(f[0], ctx)
    elif kind in ('List', 'Tuple'):
        _check_exprs(f[0], ctx)
    elif kind == 'BoolOp':
        if len(f[1]) < 2:
            raise ValueError("BoolOp with less than 2 values")
        _check_exprs(f[1])
    elif kind == 'BinOp':
        _check_expr(f[0])
        _check_expr(f[2])
    elif kind == 'UnaryOp':
        _check_expr(f[1])
    elif kind == 'NamedExpr':
        if f[0][0] != 'Name':
            raise TypeError("NamedExpr target must be a Name")
        _check_expr(f[0], 'Store')
        _check_expr(f[1])
    elif kind == 'Lambda':
        _check_arguments(f[0])
        _check_expr(f[1])
    elif kind in ('IfExp', 'Await', 'YieldFrom', 'Yield', 'Slice'):
        for part in f:
            _check_optional(part)
    elif kind == 'Dict':
        if len(f[0]) != len(f[1]):
            raise ValueError("Dict doesn't have the same number of keys as values")
        _check_exprs(f[0], null_ok=True)
        _check_exprs(f[1])
    elif kind in ('Set', 'JoinedStr'):
        _check_exprs(f[0])
    elif kind in ('ListComp', 'SetComp', 'GeneratorExp'):
        _check_comprehension(f[1])
        _check_expr(f[0])
    elif kind == 'DictComp':
        _check_comprehension(f[2])
        _check_expr(f[0])
        _check_expr(f[1])
    elif kind == 'Compare':
        if not f[2]:
            raise ValueError("Compare with no comparators")
        if len(f[1]) != len(f[2]):
            raise ValueError("Compare has a different number of comparators and operands")
        _check_exprs(f[2])
        _check_expr(f[0])
    elif kind == 'Call':
        _check_expr(f[0])
        _check_exprs(f[1])
        _check_keywords(f[2])
    elif kind == 'FormattedValue':
        _check_expr(f[0])
        _check_optional(f[2])


def _check_literal_pattern(node):
    kind = node[0]
    if kind == 'Constant':
        _constant(node[5])
        if type(node[5]) not in (int, float, complex, str, bytes):
            raise ValueError("unexpected constant inside of a literal pattern")
    elif kind == 'UnaryOp':
        if node[5] != 'USub' or not _is_number(node[6]):
            raise ValueError("patterns may only match literals and attribute lookups")
    elif kind == 'BinOp':
        left, right = node[5], node[7]
        if left[0] == 'UnaryOp' and left[5] == 'USub':
            left = left[6]
        if not (node[6] in ('Add', 'Sub') and _is_number(left, real=True) and _is_number(right, imaginary=True)):
            raise ValueError("patterns may only match literals and attribute lookups")
    elif kind not in ('Attribute', 'JoinedStr'):
        raise ValueError("patterns may only match literals and attribute lookups")


def _is_number(node, real=False, imaginary=False):
    if node[0] != 'Constant':
        return False
    kind = type(node[5])
    return kind is complex if imaginary else kind in (int, float) or (kind is complex and not real)


def _check_capture(name):
    if name == '_':
        raise ValueError("can't capture name '_' in patterns")
    _check_name(name)


def _check_patterns(nodes, star_ok=False):
    for node in nodes:
        _check_pattern(node, star_ok)


def _check_pattern(node, star_ok=False):
    kind = node[0]
    f = node[5:]
    if kind == 'MatchValue':
        _check_expr(f[0])
        _check_literal_pattern(f[0])
    elif kind == 'MatchSingleton':
        if f[0] is not None and f[0] is not True and f[0] is not False:
            raise ValueError("MatchSingleton can only contain True, False and None")
    elif kind == 'MatchSequence':
        _check_patterns(f[0], True)
    elif kind == 'MatchMapping':
        if len(f[0]) != len(f[1]):
            raise ValueError("MatchMapping doesn't have the same number of keys as patterns")
        if f[2] is not None:
            _check_capture(f[2])
        for key in f[0]:
            if not (key[0] == 'Constant' and (key[5] is None or type(key[5]) is bool)):
                _check_literal_pattern(key)
        _check_patterns(f[1])
    elif kind == 'MatchClass':
        if len(f[2]) != len(f[3]):
            raise ValueError("MatchClass doesn't have the same number of keyword attributes as patterns")
        _check_expr(f[0])
        cls = f[0]
        while cls[0] == 'Attribute':
            cls = cls[5]
        if cls[0] != 'Name':
            raise ValueError("MatchClass cls field can only contain Name or Attribute nodes.")
        for name in f[2]:
            _check_name(name)
        _check_patterns(f[1])
        _check_patterns(f[3])
    elif kind == 'MatchStar':
        if not star_ok:
            raise ValueError("can't use MatchStar here")
        if f[0] is not None:
            _check_capture(f[0])
    elif kind == 'MatchAs':
        if f[1] is not None:
            _check_capture(f[1])
        if f[0] is not None:
            if f[1] is None:
                raise ValueError("MatchAs must specify a target name if a pattern is given")
            _check_pattern(f[0])
    elif kind == 'MatchOr':
        if len(f[0]) < 2:
            raise ValueError("MatchOr requires at least 2 patterns")
        _check_patterns(f[0])


def _check_not_empty(nodes, field, owner):
    if not nodes:
        raise ValueError(f"empty {field} on {owner}")


def _check_body(nodes, owner):
    _check_not_empty(nodes, 'body', owner)
    _check_stmts(nodes)


def _check_stmts(nodes):
    for node in nodes:
        if node is None:
            raise ValueError("None disallowed in statement list")
        _check_stmt(node)


def _check_try(kind, body, handlers, orelse, finalbody):
    _check_body(body, kind)
    if not handlers and not finalbody:
        raise ValueError(f"{kind} has neither except handlers nor finalbody")
    if not handlers and orelse:
        raise ValueError(f"{kind} has orelse but no except handlers")
    for handler in handlers:
        _check_optional(handler[5])
        if handler[6] is not None:
            _check_name(handler[6])
        _check_body(handler[7], 'ExceptHandler')
    _check_stmts(finalbody)
    _check_stmts(orelse)


def _check_match(subject, cases):
    _check_expr(subject)
    _check_not_empty(cases, 'cases', 'Match')
    for _, pattern, guard, body in cases:
        _check_pattern(pattern)
        _check_optional(guard)
        _check_body(body, 'match_case')


def _check_stmt(node):
    kind = node[0]
    f = node[5:]
    if kind in ('FunctionDef', 'AsyncFunctionDef'):
        _check_name(f[0])
        _check_body(f[2], kind)
        _check_arguments(f[1])
        _check_exprs(f[3])
        _check_optional(f[4])
    elif kind == 'ClassDef':
        _check_name(f[0])
        _check_body(f[3], kind)
        _check_exprs(f[1])
        _check_keywords(f[2])
        _check_exprs(f[4])
    elif kind in ('Return', 'Expr'):
        _check_optional(f[0])
    elif kind == 'Delete':
        _check_not_empty(f[0], 'targets', kind)
        _check_exprs(f[0], 'Del')
    elif kind == 'Assign':
        _check_not_empty(f[0], 'targets', kind)
        _check_exprs(f[0], 'Store')
        _check_expr(f[1])
    elif kind == 'AugAssign':
        _check_expr(f[0], 'Store')
        _check_expr(f[2])
    elif kind == 'AnnAssign':
        if f[0][0] != 'Name' and f[3]:
            raise TypeError("AnnAssign with simple non-Name target")
        _check_expr(f[0], 'Store')
        _check_optional(f[2])
        _check_expr(f[1])
    elif kind in ('For', 'AsyncFor'):
        _check_expr(f[0], 'Store')
        _check_expr(f[1])
        _check_body(f[2], kind)
        _check_stmts(f[3])
    elif kind in ('While', 'If'):
        _check_expr(f[0])
        _check_body(f[1], kind)
        _check_stmts(f[2])
    elif kind in ('With', 'AsyncWith'):
        _check_not_empty(f[0], 'items', kind)
        for _, context, target in f[0]:
            _check_expr(context)
            if target is not None:
                _check_expr(target, 'Store')
        _check_body(f[1], kind)
    elif kind == 'Match':
        _check_match(*f)
    elif kind == 'Raise':
        if f[0] is None and f[1] is not None:
            raise ValueError("Raise with cause but no exception")
        _check_optional(f[0])
        _check_optional(f[1])
    elif kind in ('Try', 'TryStar'):
        _check_try(kind, *f)
    elif kind == 'Assert':
        _check_expr(f[0])
        _check_optional(f[1])
    elif kind == 'Import':
        _check_not_empty(f[0], 'names', kind)
    elif kind == 'ImportFrom':
        if f[2] is not None and f[2] < 0:
            raise ValueError("Negative ImportFrom level")
        _check_not_empty(f[1], 'names', kind)
    elif kind in ('Global', 'Nonlocal'):
        _check_not_empty(f[0], 'names', kind)


def plain_tree(tree, mode):
    """The plain nodes of a whole tree; raises what compile() raises for a tree that is none."""
    wanted = {'exec': 'Module', 'eval': 'Expression', 'single': 'Interactive'}[mode]
    if not isinstance(tree, getattr(_ast, wanted)):
        raise TypeError(f"expected {wanted} node, got {type(tree).__name__}")
    node = _plain('mod', tree)
    if wanted == 'Expression':
        _check_expr(node[1])
    else:
        _check_stmts(node[1])
    return node
