# Fuzz targets: every fuzz_<name>.c. With libFuzzer in the `fuzz` preset, with driver.c elsewhere.
# What a target needs beside the inspector and the tracer's reader, fuzz_<name>_LIBRARIES names here.
if(NOT TARGET insp_core)
  return()
endif()
file(GLOB fuzz_targets CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(source ${fuzz_targets})
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE fuzz_ "" short ${name})
  add_executable(${name} ${source} fuzz/files.c)
  target_link_libraries(${name} PRIVATE insp_core $<TARGET_NAME_IF_EXISTS:tracer_read>
    $<TARGET_NAME_IF_EXISTS:tracer_emit> ${${name}_LIBRARIES})
  if(BRILLE_FUZZ)
    target_sources(${name} PRIVATE fuzz/libfuzzer.c)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz/${short} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/short.sh
      $<TARGET_FILE:${name}> ${CMAKE_CURRENT_BINARY_DIR}/${name}.corpus)
  else()
    target_sources(${name} PRIVATE fuzz/driver.c)
    add_test(NAME fuzz/${short} COMMAND ${name} --rounds 2000)
  endif()
  set_tests_properties(fuzz/${short} PROPERTIES TIMEOUT 120 LABELS fuzz)
endforeach()
