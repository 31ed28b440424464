# The tour: every page's commands run, and its claim is checked in what they print and record.
find_program(TOUR_PYTHON NAMES python3.11 PATHS /usr/bin NO_DEFAULT_PATH)
if(NOT TOUR_PYTHON OR NOT TARGET brille OR NOT TARGET brille-python)
  message(STATUS "no /usr/bin/python3.11: the tour is not tested")
  return()
endif()
set(tour_pages ${CMAKE_SOURCE_DIR}/docs/tour)
file(GLOB tour_names RELATIVE ${tour_pages} CONFIGURE_DEPENDS ${tour_pages}/*.md)
list(REMOVE_ITEM tour_names README.md)
foreach(page ${tour_names})
  get_filename_component(name ${page} NAME_WE)
  add_test(NAME tour/${name}
    COMMAND ${TOUR_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/tour/run_tour.py $<TARGET_FILE:brille>
      $<TARGET_FILE:brille-python> ${page})
  set_tests_properties(tour/${name} PROPERTIES TIMEOUT 300)
  brille_label(tour/${name} tour ${tour_pages}/${name}.py)
endforeach()
# Pages about time are not run beside others.
foreach(name interval cpu_bound io_bound)
  if(TEST tour/${name})
    set_tests_properties(tour/${name} PROPERTIES PROCESSORS 2)
  endif()
endforeach()
