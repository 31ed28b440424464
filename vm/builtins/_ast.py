"""The classes of the syntax tree's nodes, as the module ast knows them. compile() with PyCF_ONLY_AST makes
objects of them; it does not take a tree back.
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

# A base, then its nodes with their fields; a question mark: may be None; a bar: has a position.
_GRAMMAR = """
AST:
    alias name asname? |
    arg arg annotation? type_comment? |
    arguments posonlyargs args vararg? kwonlyargs kw_defaults kwarg? defaults
    boolop 
    cmpop 
    comprehension target iter ifs is_async
    excepthandler  |
    expr  |
    expr_context 
    keyword arg? value |
    match_case pattern guard? body
    mod 
    operator 
    pattern  |
    stmt  |
    type_ignore 
    unaryop 
    withitem context_expr optional_vars?
boolop:
    And 
    Or 
cmpop:
    Eq 
    Gt 
    GtE 
    In 
    Is 
    IsNot 
    Lt 
    LtE 
    NotEq 
    NotIn 
excepthandler:
    ExceptHandler type? name? body
expr:
    Attribute value attr ctx
    Await value
    BinOp left op right
    BoolOp op values
    Call func args keywords
    Compare left ops comparators
    Constant value kind?
    Dict keys values
    DictComp key value generators
    FormattedValue value conversion format_spec?
    GeneratorExp elt generators
    IfExp test body orelse
    JoinedStr values
    Lambda args body
    List elts ctx
    ListComp elt generators
    Name id ctx
    NamedExpr target value
    Set elts
    SetComp elt generators
    Slice lower? upper? step?
    Starred value ctx
    Subscript value slice ctx
    Tuple elts ctx
    UnaryOp op operand
    Yield value?
    YieldFrom value
expr_context:
    Del 
    Load 
    Store 
mod:
    Expression body
    FunctionType argtypes returns
    Interactive body
    Module body type_ignores
operator:
    Add 
    BitAnd 
    BitOr 
    BitXor 
    Div 
    FloorDiv 
    LShift 
    MatMult 
    Mod 
    Mult 
    Pow 
    RShift 
    Sub 
pattern:
    MatchAs pattern? name?
    MatchClass cls patterns kwd_attrs kwd_patterns
    MatchMapping keys patterns rest?
    MatchOr patterns
    MatchSequence patterns
    MatchSingleton value
    MatchStar name?
    MatchValue value
stmt:
    AnnAssign target annotation value? simple
    Assert test msg?
    Assign targets value type_comment?
    AsyncFor target iter body orelse type_comment?
    AsyncFunctionDef name args body decorator_list returns? type_comment?
    AsyncWith items body type_comment?
    AugAssign target op value
    Break 
    ClassDef name bases keywords body decorator_list
    Continue 
    Delete targets
    Expr value
    For target iter body orelse type_comment?
    FunctionDef name args body decorator_list returns? type_comment?
    Global names
    If test body orelse
    Import names
    ImportFrom module? names level?
    Match subject cases
    Nonlocal names
    Pass 
    Raise exc? cause?
    Return value?
    Try body handlers orelse finalbody
    TryStar body handlers orelse finalbody
    While test body orelse
    With items body type_comment?
type_ignore:
    TypeIgnore lineno tag
unaryop:
    Invert 
    Not 
    UAdd 
    USub 
"""


def _make():
    base = None
    for line in _GRAMMAR.split('\n'):
        if line.endswith(':'):
            base = globals()[line[:-1]]
        elif line:
            name, *fields = line.split()
            members = {'__module__': 'ast', '__doc__': name}
            if fields and fields[-1] == '|':
                fields.pop()
                members['_attributes'] = ('lineno', 'col_offset', 'end_lineno', 'end_col_offset')
                members['end_lineno'] = members['end_col_offset'] = None
            members.update((field[:-1], None) for field in fields if field.endswith('?'))
            names = tuple(field.rstrip('?') for field in fields)
            members['_fields'] = members['__match_args__'] = names
            globals()[name] = type(name, (base,), members)


_make()
