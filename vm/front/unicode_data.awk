# Writes what unicode_data.c knows of Unicode 14's characters, out of the tables of the Unicode
# character database (Debian: package unicode-data), which may be of a later version.
#
#   awk -f unicode_data.awk DerivedAge.txt UnicodeData.txt EastAsianWidth.txt
#       DerivedNormalizationProps.txt extracted/DerivedNumericValues.txt
#
# Characters of a later version stay in the tables; the rows NEWER say which they are.

BEGIN {
    FS = ";"
    current = 14.0 # CPython 3.11's
    old = 3.2      # unicodedata.ucd_3_2_0
    decompositions = 0
    offset = 0
    kinds = split("CHARACTER WIDTH NUMBER IDEOGRAPH DECOMPOSITION PART NEWER OLD", kind, " ")
    print "/* Made by unicode_data.awk. */"
    for (i = 1; i <= kinds; i++)
        printf "#ifndef %s\n#define %s(...)\n#endif\n", kind[i], kind[i]
}

function trim(text) {
    sub(/#.*/, "", text)
    gsub(/[ \t]/, "", text)
    return text
}

function number(hex,    i, n) {
    n = 0
    for (i = 1; i <= length(hex); i++)
        n = n * 16 + index("0123456789ABCDEF", substr(hex, i, 1)) - 1
    return n
}

# "0041..005A" or "0041": sets first and last, in hexadecimal.
function limits(text,    ends, end) {
    ends = split(trim(text), end, /[.][.]/)
    first = end[1]
    last = end[ends]
}

function flush_run() {
    if (run_key != "")
        printf "CHARACTER(0x%s, 0x%s, %s)\n", run_first, run_last, run_key
}

function decomposition_row(code, text,    parts, part, i, tag, count) {
    parts = split(text, part, " ")
    tag = "CANONICAL"
    i = 1
    if (part[1] ~ /^</) {
        tag = toupper(substr(part[1], 2, length(part[1]) - 2))
        i = 2
    }
    count = parts - i + 1
    row_code[decompositions] = code
    row_text[decompositions++] = sprintf("0x%s, %d, %d, %s", code, offset, count, tag)
    offset += count
    for (; i <= parts; i++)
        printf "PART(0x%s)\n", part[i]
}

function rational(text,    part) {
    return split(text, part, "/") == 2 ? part[1] ".0 / " part[2] ".0" : text ".0"
}

/^#/ || /^[ \t]*$/ { next }

FILENAME ~ /DerivedAge/ {
    limits($1)
    if ($2 + 0 > current)
        printf "NEWER(0x%s, 0x%s)\n", first, last
    else if ($2 + 0 <= old)
        printf "OLD(0x%s, 0x%s)\n", first, last
    next
}

FILENAME ~ /UnicodeData/ {
    if ($2 ~ /, First>$/) {
        range_first = $1
        next
    }
    first = range_first == "" ? $1 : range_first
    range_first = ""
    key = sprintf("\"%s\", \"%s\", %d, %d", $3, $5, $4, $10 == "Y")
    if (key != run_key || number(first) != number(run_last) + 1) {
        flush_run()
        run_first = first
        run_key = key
    }
    run_last = $1
    if ($6 != "")
        decomposition_row($1, $6)
    if ($9 != "") {
        printf "NUMBER(0x%s, %d, %d, %s)\n", $1, $7 == "" ? -1 : $7, $8 == "" ? -1 : $8, rational($9)
        numbered[$1] = 1
    }
    next
}

FILENAME ~ /EastAsianWidth/ {
    limits($1)
    printf "WIDTH(0x%s, 0x%s, \"%s\")\n", first, last, trim($2)
    next
}

FILENAME ~ /DerivedNormalizationProps/ {
    if (trim($2) == "Full_Composition_Exclusion") {
        limits($1)
        for (i = number(first); i <= number(last); i++)
            excluded[i] = 1
    }
    next
}

# What is left has a number, but not in UnicodeData: ideographs.
{
    limits($1)
    for (i = number(first); i <= number(last); i++)
        if (!(sprintf("%04X", i) in numbered))
            printf "IDEOGRAPH(0x%X, %s)\n", i, rational(trim($4))
}

END {
    flush_run()
    for (i = 0; i < decompositions; i++)
        printf "DECOMPOSITION(%s, %d)\n", row_text[i], number(row_code[i]) in excluded
    for (i = 1; i <= kinds; i++)
        print "#undef " kind[i]
}
