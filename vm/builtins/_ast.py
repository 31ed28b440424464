"""The classes of the syntax tree's nodes, as the module ast knows them. compile() with PyCF_ONLY_AST makes
objects of them, and takes them back (_frozen_tree.py).
"""

PyCF_ALLOW_TOP_LEVEL_AWAIT = 8192
PyCF_ONLY_AST = 1024
PyCF_TYPE_COMMENTS = 4096


class AST:
    """A node: its fields are given by position or name."""
    _fields = ()
    _attributes = ()
    __match_args__ = ()

    def __init__(self, *args, **kwargs):
        fields = self._fields
        if len(args) > len(fields):
            raise TypeError("%s constructor takes at most %d positional argument%s"
                            % (type(self).__name__, len(fields), "" if len(fields) == 1 else "s"))
        for name, value in zip(fields, args):
            setattr(self, name, value)
        for name, value in kwargs.items():
            if name in fields[:len(args)]:
                raise TypeError("%s got multiple values for argument %r" % (type(self).__name__, name))
            setattr(self, name, value)

    def __reduce__(self):
        return type(self), (), self.__dict__


AST.__module__ = 'ast'
AST.__doc__ = None

# The abstract grammar: a base with a line for each of its nodes, or a node of its own. A star behind
# a name: it has a position. Behind a type: a list; a question mark: may be None.
_GRAMMAR = """
mod =
    Module(stmt* body, type_ignore* type_ignores)
    Interactive(stmt* body)
    Expression(expr body)
    FunctionType(expr* argtypes, expr returns)
stmt* =
    FunctionDef(identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment)
    AsyncFunctionDef(identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment)
    ClassDef(identifier name, expr* bases, keyword* keywords, stmt* body, expr* decorator_list)
    Return(expr? value)
    Delete(expr* targets)
    Assign(expr* targets, expr value, string? type_comment)
    AugAssign(expr target, operator op, expr value)
    AnnAssign(expr target, expr annotation, expr? value, int simple)
    For(expr target, expr iter, stmt* body, stmt* orelse, string? type_comment)
    AsyncFor(expr target, expr iter, stmt* body, stmt* orelse, string? type_comment)
    While(expr test, stmt* body, stmt* orelse)
    If(expr test, stmt* body, stmt* orelse)
    With(withitem* items, stmt* body, string? type_comment)
    AsyncWith(withitem* items, stmt* body, string? type_comment)
    Match(expr subject, match_case* cases)
    Raise(expr? exc, expr? cause)
    Try(stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody)
    TryStar(stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody)
    Assert(expr test, expr? msg)
    Import(alias* names)
    ImportFrom(identifier? module, alias* names, int? level)
    Global(identifier* names)
    Nonlocal(identifier* names)
    Expr(expr value)
    Pass
    Break
    Continue
expr* =
    BoolOp(boolop op, expr* values)
    NamedExpr(expr target, expr value)
    BinOp(expr left, operator op, expr right)
    UnaryOp(unaryop op, expr operand)
    Lambda(arguments args, expr body)
    IfExp(expr test, expr body, expr orelse)
    Dict(expr* keys, expr* values)
    Set(expr* elts)
    ListComp(expr elt, comprehension* generators)
    SetComp(expr elt, comprehension* generators)
    DictComp(expr key, expr value, comprehension* generators)
    GeneratorExp(expr elt, comprehension* generators)
    Await(expr value)
    Yield(expr? value)
    YieldFrom(expr value)
    Compare(expr left, cmpop* ops, expr* comparators)
    Call(expr func, expr* args, keyword* keywords)
    FormattedValue(expr value, int conversion, expr? format_spec)
    JoinedStr(expr* values)
    Constant(constant value, string? kind)
    Attribute(expr value, identifier attr, expr_context ctx)
    Subscript(expr value, expr slice, expr_context ctx)
    Starred(expr value, expr_context ctx)
    Name(identifier id, expr_context ctx)
    List(expr* elts, expr_context ctx)
    Tuple(expr* elts, expr_context ctx)
    Slice(expr? lower, expr? upper, expr? step)
expr_context =
    Load
    Store
    Del
boolop =
    And
    Or
operator =
    Add
    Sub
    Mult
    MatMult
    Div
    Mod
    Pow
    LShift
    RShift
    BitOr
    BitXor
    BitAnd
    FloorDiv
unaryop =
    Invert
    Not
    UAdd
    USub
cmpop =
    Eq
    NotEq
    Lt
    LtE
    Gt
    GtE
    Is
    IsNot
    In
    NotIn
comprehension(expr target, expr iter, expr* ifs, int is_async)
excepthandler* =
    ExceptHandler(expr? type, identifier? name, stmt* body)
arguments(arg* posonlyargs, arg* args, arg? vararg, arg* kwonlyargs, expr* kw_defaults, arg? kwarg, expr* defaults)
arg(identifier arg, expr? annotation, string? type_comment) *
keyword(identifier? arg, expr value) *
alias(identifier name, identifier? asname) *
withitem(expr context_expr, expr? optional_vars)
match_case(pattern pattern, expr? guard, stmt* body)
pattern* =
    MatchValue(expr value)
    MatchSingleton(constant value)
    MatchSequence(pattern* patterns)
    MatchMapping(expr* keys, pattern* patterns, identifier? rest)
    MatchClass(expr cls, pattern* patterns, identifier* kwd_attrs, pattern* kwd_patterns)
    MatchStar(identifier? name)
    MatchAs(pattern? pattern, identifier? name)
    MatchOr(pattern* patterns)
type_ignore =
    TypeIgnore(int lineno, string tag)
"""
_POSITION = ('lineno', 'col_offset', 'end_lineno', 'end_col_offset')
_SHAPES = {}  # a node's name: its fields as (type, mark, name), and whether it has a position


def _make_class(name, base, fields, positioned, doc):
    members = {'__module__': 'ast', '__doc__': doc}
    if positioned is not None:
        members['_attributes'] = _POSITION if positioned else ()
        if positioned and name != 'pattern':  # whose end is not optional
            members['end_lineno'] = members['end_col_offset'] = None
    names = tuple(field[2] for field in fields)
    members.update((field[2], None) for field in fields if field[1] == '?')
    members['_fields'] = members['__match_args__'] = names
    globals()[name] = made = type(name, (base,), members)
    return made


def _split(row):
    """NAME(TYPE FIELD, ...): the name, the fields and the row without what follows."""
    name, _, inside = row.partition('(')
    fields = []
    for field in inside.rstrip(')').split(', ') if inside else ():
        kind, field_name = field.split()
        mark = kind[-1] if kind[-1] in '*?' else ''
        fields.append((kind.rstrip('*?'), mark, field_name))
    return name, fields


def _make():
    base = None
    below = []

    def finish():
        if base is not None:
            bar = '\n' + ' ' * (len(base.__name__) + 1) + '| '
            plain = base.__name__ in ('expr_context', 'boolop', 'operator', 'unaryop', 'cmpop')
            base.__doc__ = base.__name__ + ' = ' + (' | ' if plain else bar).join(below)
        below.clear()

    for row in _GRAMMAR.split('\n')[1:-1]:
        if row[0] == ' ':
            row = row.strip()
            name, fields = _split(row)
            positioned = bool(base._attributes)
            _make_class(name, base, fields, None, row)
            below.append(row)
        elif row.endswith(' ='):
            finish()
            name = row[:-2]
            positioned = name[-1] == '*'
            base = _make_class(name.rstrip('*'), AST, (), positioned, name)
            continue
        else:
            finish()
            base = None
            positioned = row.endswith(' *')
            row = row.removesuffix(' *')
            name, fields = _split(row)
            _make_class(name, AST, fields, positioned, row)
        _SHAPES[name] = fields, positioned
    finish()


_make()


def _new_constant(cls, *args, **kwargs):
    return object.__new__(cls)    # the arguments are for __init__, as those of any node


Constant.__new__ = _new_constant    # which ast.Num and its like call with them
