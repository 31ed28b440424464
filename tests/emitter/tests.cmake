# The C API for other interpreters, as somebody else has it: installed, found by pkg-config, and an
# example of docs/ built on nothing but that.
find_program(EMITTER_PYTHON NAMES python3.11 python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(NOT EMITTER_PYTHON OR NOT TARGET brille OR NOT TARGET tracer_emit OR BRILLE_NO_TRACE)
  return()
endif()
set(emitter_flags "")
if(BRILLE_SANITIZE) # of which a program needs all or nothing
  set(emitter_flags -fsanitize=${BRILLE_SANITIZE})
endif()
add_test(NAME emitter/stones
  COMMAND ${EMITTER_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/emitter/test_emitter.py $<TARGET_FILE:brille>
    ${CMAKE_COMMAND} ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER} ${PKG_CONFIG_EXECUTABLE}
    ${CMAKE_SOURCE_DIR}/docs/emitter/stones.c ${emitter_flags})
set_tests_properties(emitter/stones PROPERTIES LABELS emitter TIMEOUT 300)
