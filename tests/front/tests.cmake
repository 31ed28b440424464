# The front end against the reference interpreter: trees, and syntax errors.
add_executable(front_dump ${CMAKE_CURRENT_SOURCE_DIR}/front/front_dump.c)
target_link_libraries(front_dump PRIVATE vm_core)

if(NOT REFERENCE_PYTHON)
  message(STATUS "no /usr/bin/python3.11: comparisons of the front end are left out")
  return()
endif()
# A part of the standard library that is quick; compare_ast.py takes any paths, so run it by hand
# over everything after a change of the parser.
add_test(NAME front/trees
  COMMAND ${REFERENCE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/front/compare_ast.py
    $<TARGET_FILE:front_dump> --positions
    /usr/lib/python3.11/asyncio /usr/lib/python3.11/collections /usr/lib/python3.11/email
    /usr/lib/python3.11/re /usr/lib/python3.11/typing.py /usr/lib/python3.11/argparse.py)
set_tests_properties(front/trees PROPERTIES TIMEOUT 120 LABELS front)
if(TARGET brille-python)
  add_test(NAME front/errors
    COMMAND ${REFERENCE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/front/compare_errors.py
      $<TARGET_FILE:brille-python> ${REFERENCE_PYTHON})
  set_tests_properties(front/errors PROPERTIES TIMEOUT 60 LABELS front)
endif()
