find_program(SCRIPT_PYTHON NAMES python3.11 PATHS /usr/bin NO_DEFAULT_PATH)
if(SCRIPT_PYTHON AND TARGET brille AND TARGET brille-python)
  foreach(format csv heapsnapshot hprof pprof perfetto speedscope folded dot graphml)
    add_test(NAME readers/${format}
      COMMAND ${SCRIPT_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/readers/check.py ${format}
        $<TARGET_FILE:brille> $<TARGET_FILE:brille-python>)
    set_tests_properties(readers/${format} PROPERTIES TIMEOUT 240 LABELS readers SKIP_RETURN_CODE 77)
  endforeach()
endif()
