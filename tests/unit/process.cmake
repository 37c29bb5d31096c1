file(GLOB process_unit_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/process/*_test.cpp)
ae_add_test(process_unit_test TIER unit SOURCES ${process_unit_tests} LIBRARIES ae_core_base)
