# The page about leak hunting: every section's commands find its leak on every CPython there is.
find_program(HUNT_PYTHON NAMES python3.11 PATHS /usr/bin NO_DEFAULT_PATH)
if(NOT TARGET brille OR NOT HUNT_PYTHON)
  return()
endif()
foreach(name module_cache callbacks kept_traceback cycle_gc_off endless_lru forgotten_task
        thread_local forgotten_decref outside_heap)
  add_test(NAME hunt/${name}
    COMMAND ${HUNT_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/hunt/run_hunt.py $<TARGET_FILE:brille> ${name})
  set_tests_properties(hunt/${name} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
  brille_label(hunt/${name} hunt ${CMAKE_SOURCE_DIR}/docs/leaks/${name}.py)
endforeach()
