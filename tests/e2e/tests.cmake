# End-to-end tests: brille against brille-python, as scripts.
find_program(SCRIPT_PYTHON NAMES python3.11 PATHS /usr/bin NO_DEFAULT_PATH)
if(NOT SCRIPT_PYTHON OR NOT TARGET brille OR NOT TARGET brille-python)
  message(STATUS "no /usr/bin/python3.11: end-to-end tests are left out")
  return()
endif()
function(brille_e2e_test name script)
  add_test(NAME e2e/${name}
    COMMAND ${SCRIPT_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/${script} $<TARGET_FILE:brille>
      $<TARGET_FILE:brille-python> ${ARGN})
  set_tests_properties(e2e/${name} PROPERTIES TIMEOUT 900 LABELS e2e SKIP_RETURN_CODE 77)
endfunction()

brille_e2e_test(truth truth.py)
set(captured ${CMAKE_CURRENT_SOURCE_DIR}/e2e/capture_programs)
set(replayed ${CMAKE_CURRENT_SOURCE_DIR}/e2e/replay_programs)
file(GLOB capture_programs RELATIVE ${captured} CONFIGURE_DEPENDS e2e/capture_programs/*.py)
foreach(program ${capture_programs})
  get_filename_component(stem ${program} NAME_WE)
  brille_e2e_test(explained/${stem} capture_explained.py ${program} 12)
  brille_label(e2e/explained/${stem} e2e ${captured}/${program})
endforeach()
brille_e2e_test(plugin test_plugin.py)
# Every CPython of the machine, against what it says of itself.
brille_e2e_test(cpython_truth cpython_truth.py)
add_executable(cpython_poison e2e/cpython_poison.c)
target_link_libraries(cpython_poison PRIVATE insp_core)
brille_e2e_test(cpython_poison cpython_poison.py $<TARGET_FILE:cpython_poison> 40)
brille_e2e_test(cpython_churn cpython_churn.py 3)
brille_e2e_test(cpython_stack cpython_stack.py)
brille_e2e_test(cpython_gil cpython_gil.py)
brille_e2e_test(cpython_watch cpython_watch.py)
brille_e2e_test(cpython_core cpython_core.py)
set_tests_properties(e2e/cpython_truth e2e/cpython_poison e2e/cpython_churn e2e/cpython_stack
  e2e/cpython_gil e2e/cpython_watch e2e/cpython_core PROPERTIES
  TIMEOUT 900 LABELS "e2e;cpython")

# Replay equals capture: each program from its birth and from a late attach; those that never stand
# still, dumped where they happen to be.
file(GLOB replay_programs RELATIVE ${replayed} CONFIGURE_DEPENDS e2e/replay_programs/*.py)
foreach(program ${replay_programs})
  get_filename_component(stem ${program} NAME_WE)
  foreach(way birth late)
    brille_e2e_test(replay/${stem}/${way} replay.py ${way} ${program})
    brille_label(e2e/replay/${stem}/${way} e2e ${replayed}/${program})
  endforeach()
endforeach()
foreach(program ${capture_programs})
  get_filename_component(stem ${program} NAME_WE)
  brille_e2e_test(replay_busy/${stem}/birth replay_busy.py birth ${program})
  brille_label(e2e/replay_busy/${stem}/birth e2e ${captured}/${program})
endforeach()
brille_e2e_test(replay_busy/allocating_threads/late replay_busy.py late allocating_threads.py)
brille_e2e_test(replay_busy/weakrefs/late replay_busy.py late weakrefs.py)

# Events: recorded, shown, and what happens when somebody is killed.
foreach(stem dump run record gil gc_verb history stack kill bad_input garbage)
  brille_e2e_test(${stem} test_${stem}.py)
endforeach()
# Their programs are named in the scripts.
foreach(stem dump run record gil gc_verb stack)
  brille_label(e2e/${stem} e2e ${CMAKE_CURRENT_SOURCE_DIR}/e2e/event_programs/busy.py)
endforeach()
brille_label(e2e/replay_busy/allocating_threads/late e2e ${captured}/allocating_threads.py)
# One cleans away the rings of the dead, which the others are about to read.
set_tests_properties(e2e/record e2e/bad_input e2e/kill PROPERTIES RESOURCE_LOCK rings)
brille_e2e_test(core capture_core.py)
if(BRILLE_SANITIZE MATCHES address) # which by default leaves no core files
  set_tests_properties(e2e/core PROPERTIES ENVIRONMENT ASAN_OPTIONS=disable_coredump=0)
endif()
brille_e2e_test(cycles capture_cycles.py 200)
set_tests_properties(e2e/cycles PROPERTIES TIMEOUT 900)
add_executable(capture_noise e2e/capture_noise.c)
target_link_libraries(capture_noise PRIVATE insp_core)
brille_e2e_test(noise capture_noise.py $<TARGET_FILE:capture_noise>)
