# The n-th allocation fails, for each n: only builds with the fault injector.
find_program(SWEEP_PYTHON NAMES python3.11 python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(NOT BRILLE_OOM_SWEEP OR NOT SWEEP_PYTHON OR NOT TARGET brille-python)
  return()
endif()
file(GLOB oom_programs RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/oom/programs
  CONFIGURE_DEPENDS oom/programs/*.py)
foreach(program ${oom_programs})
  get_filename_component(stem ${program} NAME_WE)
  add_test(NAME oom/${stem}
    COMMAND ${SWEEP_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/oom/sweep.py
      $<TARGET_FILE:brille-python> ${CMAKE_CURRENT_SOURCE_DIR}/oom/programs/${program})
  set_tests_properties(oom/${stem} PROPERTIES TIMEOUT 900 LABELS oom)
endforeach()
