# Writes OUT, a C file with report_css and report_js from the files in SOURCES (a list separated
# by ':'). Bytes are written as numbers: no compiler limits a literal's length.
string(REPLACE ":" ";" sources "${SOURCES}")
set(text "#include \"inspector/report/embedded.h\"\n\n")
foreach(source ${sources})
  get_filename_component(name ${source} NAME)
  string(REPLACE "." "_" name ${name})
  file(READ ${source} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR length "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND text "const char ${name}[] = {${bytes}0};\nconst size_t ${name}_bytes = ${length};\n")
endforeach()
file(WRITE ${OUT} "${text}")
