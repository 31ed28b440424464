# A process to try the inspector on, and the emitter's benchmark. Neither is run by ctest.
if(TARGET tracer_emit AND TARGET tracer_read)
  add_executable(sample_emitter ${CMAKE_CURRENT_SOURCE_DIR}/support/sample_emitter.c)
  target_link_libraries(sample_emitter PRIVATE tracer_emit)
  add_executable(bench_emit EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/bench_emit.c)
  target_link_libraries(bench_emit PRIVATE tracer_emit tracer_read)
endif()
