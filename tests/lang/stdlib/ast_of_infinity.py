# A literal too large for a float is infinity; there is no name for it in the language.
import ast

for source in ("1e400", "1e400j", "-1e999", "[1e309, 2e308]"):
    tree = ast.parse(source, mode="eval")
    print(ast.dump(tree), ast.unparse(tree))
    print(eval(compile(tree, "t", "eval")))
