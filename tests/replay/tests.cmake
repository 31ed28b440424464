# Replay equals the heap: programs run under trace, their own baselines and the captures of brille
# are the judges.
if(NOT TARGET brille-python OR NOT TARGET tracer_read)
  return()
endif()
add_executable(replay_check replay/replay_check.c)
target_link_libraries(replay_check PRIVATE tracer_read)
file(GLOB replay_programs RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS replay/*.py)
list(REMOVE_ITEM replay_programs replay/at_exit.py)
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
    set_tests_properties(replay/${name}/${mode} PROPERTIES TIMEOUT 300)
    brille_label(replay/${name}/${mode} replay ${CMAKE_CURRENT_SOURCE_DIR}/${program})
  endforeach()
endforeach()

# A sample of what tests/replay.sh does with every language test and benchmark program.
if(NOT TARGET insp_core OR NOT TARGET brille)
  return()
endif()
add_executable(replay_captures replay/replay_captures.c)
target_link_libraries(replay_captures PRIVATE tracer_read insp_core)
target_compile_definitions(replay_captures PRIVATE
  AT_EXIT="${CMAKE_CURRENT_SOURCE_DIR}/replay/at_exit.py")
set(captured_sample lang/gc/resurrection lang/gc/freeze lang/class/mutable_bases_and_dynamic
  lang/gen/send_throw_close lang/dict/changed_during_iteration lang/exc/chaining
  lang/thread/lock_and_counter lang/weakref/callback_order_and_methods bench/programs/gcchurn
  replay/rooms)
foreach(program ${captured_sample})
  foreach(threads 1 3)
    set(test replay/captures/${program}/${threads})
    add_test(NAME ${test} COMMAND replay_captures --threads ${threads} $<TARGET_FILE:brille>
      $<TARGET_FILE:brille-python> ${CMAKE_CURRENT_SOURCE_DIR}/${program}.py)
    set_tests_properties(${test} PROPERTIES TIMEOUT 600)
    brille_label(${test} replay ${CMAKE_CURRENT_SOURCE_DIR}/${program}.py)
  endforeach()
endforeach()
