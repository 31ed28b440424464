# Writes the names of Unicode 14's characters as unicode_names.c reads them, out of the tables of
# the Unicode character database (Debian: package unicode-data), which may be of a later version.
#
#   awk -f unicode_names.awk DerivedAge.txt UnicodeData.txt NameAliases.txt NamedSequences.txt
#
# Aliases and sequences of a later version are kept. Names that follow from the code point (<CJK
# Ideograph, First> and the like) get no line.

BEGIN {
    FS = ";"
    version = 14.0 # CPython 3.11's
    expected = -1
    later = 0
}

function number(hex,    i, n) {
    n = 0
    for (i = 1; i <= length(hex); i++)
        n = n * 16 + index("0123456789ABCDEF", substr(hex, i, 1)) - 1
    return n
}

function is_later(code,    i) {
    for (i = 0; i < later; i++)
        if (code >= first[i] && code <= last[i])
            return 1
    return 0
}

function bare(hex) {
    sub(/^0+/, "", hex)
    return hex == "" ? "0" : hex
}

/^#/ || /^[ \t]*$/ { next }

FILENAME ~ /DerivedAge/ {
    if ($2 + 0 > version) {
        gsub(/ /, "", $1)
        ends = split($1, end, /[.][.]/)
        first[later] = number(end[1])
        last[later++] = number(end[ends])
    }
    next
}

FILENAME ~ /UnicodeData/ {
    code = number($1)
    if ($2 ~ /^</ || is_later(code))
        next
    if (code != expected)
        print "@" bare($1)
    print $2
    expected = code + 1
    next
}

FILENAME ~ /NameAliases/ {
    if (!is_later(number($1)))
        print "=" $2 "\t" bare($1)
    next
}

{
    codes = split($2, code_points, " ")
    line = "+" $1 "\t" bare(code_points[1])
    for (i = 2; i <= codes; i++)
        line = line " " bare(code_points[i])
    print line
}
