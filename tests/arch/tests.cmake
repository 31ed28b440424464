# The architecture and the house rules as tests.
find_program(CHECK_PYTHON NAMES python3.11 python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(CHECK_PYTHON)
  set(arch ${CMAKE_CURRENT_SOURCE_DIR}/arch)
  add_test(NAME arch/layers COMMAND ${CHECK_PYTHON} ${arch}/check_layers.py ${CMAKE_SOURCE_DIR})
  add_test(NAME arch/headers
    COMMAND ${CHECK_PYTHON} ${arch}/check_headers.py ${CMAKE_SOURCE_DIR} ${CMAKE_C_COMPILER}
      ${LUA_CFLAGS})
  add_test(NAME arch/tidy COMMAND ${CHECK_PYTHON} ${arch}/check_tidy.py ${CMAKE_SOURCE_DIR})
  find_program(CLANG_FORMAT NAMES clang-format-14 clang-format)
  if(CLANG_FORMAT)
    add_test(NAME arch/format
      COMMAND ${CHECK_PYTHON} ${arch}/check_format.py ${CMAKE_SOURCE_DIR} ${CLANG_FORMAT})
    set_tests_properties(arch/format PROPERTIES LABELS arch)
  else()
    message(STATUS "no clang-format: arch/format is left out")
  endif()
  add_test(NAME arch/untraced
    COMMAND ${CHECK_PYTHON} ${arch}/check_untraced.py ${CMAKE_SOURCE_DIR} ${CMAKE_C_COMPILER})
  set_tests_properties(arch/untraced PROPERTIES LABELS arch TIMEOUT 300)
  set_tests_properties(arch/layers arch/headers arch/tidy PROPERTIES LABELS arch)
endif()
