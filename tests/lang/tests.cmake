# Language tests: one behaviour a file, same output as the reference interpreter.
if(NOT REFERENCE_PYTHON OR NOT TARGET brille-python)
  message(STATUS "no /usr/bin/python3.11: language tests are left out")
  return()
endif()
file(GLOB lang_areas RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/lang CONFIGURE_DEPENDS lang/*/*.py)
foreach(test ${lang_areas})
  string(REGEX REPLACE "\\.py$" "" name ${test})
  add_test(NAME lang/${name}
    COMMAND ${REFERENCE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/lang/run_lang.py
      $<TARGET_FILE:brille-python> ${REFERENCE_PYTHON}
      ${CMAKE_CURRENT_SOURCE_DIR}/lang/${test})
  set_tests_properties(lang/${name} PROPERTIES TIMEOUT 150)
  brille_label(lang/${name} lang ${CMAKE_CURRENT_SOURCE_DIR}/lang/${test})
endforeach()
# The thread sanitizer ends a child of several threads that starts one, unless it is told not to.
set_tests_properties(lang/thread/fork_from_a_thread PROPERTIES ENVIRONMENT
  TSAN_OPTIONS=die_after_fork=0)
