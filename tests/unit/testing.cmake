# What others test their modules with is tested itself.
file(GLOB testing_unit_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/testing/*_test.cpp)
ae_add_test(testing_unit_test TIER unit SOURCES ${testing_unit_tests} LIBRARIES base_api ae_core)
