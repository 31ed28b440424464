find_program(SCRIPT_PYTHON NAMES python3.11 PATHS /usr/bin NO_DEFAULT_PATH)
if(SCRIPT_PYTHON AND TARGET brille AND TARGET brille-python)
  foreach(name queries prompt)
    add_test(NAME sql/${name}
      COMMAND ${SCRIPT_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/sql/${name}.py $<TARGET_FILE:brille>
        $<TARGET_FILE:brille-python>)
    set_tests_properties(sql/${name} PROPERTIES TIMEOUT 120 LABELS sql)
  endforeach()
endif()
