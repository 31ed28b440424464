# A short run of the differential tests: always the same programs.
if(NOT REFERENCE_PYTHON OR NOT TARGET brille-python)
  return()
endif()
add_test(NAME diff/short
  COMMAND ${REFERENCE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/diff/generate.py
    --brille $<TARGET_FILE:brille-python> --seed 1 --count 300 --batch 150)
set_tests_properties(diff/short PROPERTIES TIMEOUT 300 LABELS diff)
