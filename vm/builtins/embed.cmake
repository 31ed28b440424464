# Writes OUT, a C file with the table py_embedded_modules from the .py files in SOURCES
# (a list separated by ':'). Bytes are written as numbers: no compiler limits a literal's length.
string(REPLACE ":" ";" sources "${SOURCES}")
set(tables "")
set(rows "")
foreach(source ${sources})
  get_filename_component(name ${source} NAME_WE)
  file(READ ${source} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR length "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND tables "static const char ${name}_py[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", ${name}_py, ${length}},\n")
endforeach()
file(WRITE ${OUT} "#include \"vm/builtins/embedded.h\"\n\n${tables}\n"
  "const struct py_embedded_module py_embedded_modules[] = {\n${rows}    {NULL, NULL, 0},\n};\n")
