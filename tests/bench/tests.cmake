# Benchmarks are built on request: ninja bench_heap
if(TARGET insp_core)
  add_executable(bench_heap EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/bench_heap.c
    ${CMAKE_CURRENT_SOURCE_DIR}/bench/heap_shapes.c)
  target_link_libraries(bench_heap PRIVATE insp_core)
endif()
