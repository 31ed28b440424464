# A fast part of CPython's own tests, with a floor for each file (tests/conformance/floors.txt).
# Skipped where tests/conformance.sh or tests/run.sh have not fetched the suite.
if(NOT REFERENCE_PYTHON OR NOT TARGET brille-python)
  return()
endif()
add_test(NAME conformance/floors
  COMMAND ${REFERENCE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/conformance/compare.py
    --brille $<TARGET_FILE:brille-python> --suite ${CMAKE_SOURCE_DIR}/.tools/testsuite --floors)
set_tests_properties(conformance/floors PROPERTIES TIMEOUT 300 LABELS conformance
  SKIP_RETURN_CODE 77)
