"""What string.Formatter parses format strings with."""


def formatter_field_name_split(name, /):
    """'a.b[0]' -> ('a', iterator over (is_attribute, name))."""
    end = len(name)
    for i, c in enumerate(name):
        if c in '.[':
            end = i
            break
    first, rest = name[:end], name[end:]

    def parts():
        i = 0
        while i < len(rest):
            if rest[i] == '.':
                stop = i + 1
                while stop < len(rest) and rest[stop] not in '.[':
                    stop += 1
                part = rest[i + 1:stop]
                if not part:
                    raise ValueError("Empty attribute in format string")
                yield True, part
                i = stop
            elif rest[i] == '[':
                stop = rest.find(']', i)
                if stop < 0:
                    raise ValueError("Missing ']' in format string")
                part = rest[i + 1:stop]
                if not part:
                    raise ValueError("Empty attribute in format string")
                yield False, int(part) if part.isdecimal() else part
                i = stop + 1
            else:
                raise ValueError("Only '.' or '[' may follow ']' in format field specifier")

    return (int(first) if first.isdecimal() else first), parts()


def formatter_parser(text, /):
    """Yields (literal, field name, format spec, conversion)."""
    i = 0
    n = len(text)
    while i < n:
        literal = []
        while i < n:
            c = text[i]
            if c == '{' or c == '}':
                if text[i + 1:i + 2] == c:
                    literal.append(text[:0] + c)
                    i += 2
                    yield ''.join(literal), None, None, None
                    literal = None
                    break
                if c == '}':
                    raise ValueError("Single '}' encountered in format string")
                if i + 1 == n:
                    raise ValueError("Single '{' encountered in format string")
                break
            stop = i
            while stop < n and text[stop] not in '{}':
                stop += 1
            literal.append(text[i:stop])
            i = stop
        if literal is None:
            continue
        literal = ''.join(literal)
        if i >= n:
            if literal:
                yield literal, None, None, None
            return
        i += 1
        start = i
        depth = 1
        bracket = False
        while i < n:
            c = text[i]
            if c == '[' and depth == 1:
                bracket = True
            elif c == ']':
                bracket = False
            elif not bracket and c == '{':
                depth += 1
            elif not bracket and c == '}':
                depth -= 1
                if depth == 0:
                    break
            i += 1
        else:
            raise ValueError("expected '}' before end of string")
        field = text[start:i]
        i += 1
        k = 0
        bracket = False
        while k < len(field) and (bracket or field[k] not in ':!'):
            if field[k] == '[':
                bracket = True
            elif field[k] == ']':
                bracket = False
            elif field[k] == '{':
                raise ValueError("unexpected '{' in field name")
            k += 1
        name = field[:k]
        conversion = None
        spec = ''
        if k < len(field) and field[k] == '!':
            if k + 1 >= len(field):
                raise ValueError("end of string while looking for conversion specifier")
            conversion = field[k + 1]
            k += 2
            if k < len(field) and field[k] != ':':
                raise ValueError("expected ':' after conversion specifier")
        if k < len(field):
            spec = field[k + 1:]
        yield literal, name, spec, conversion
