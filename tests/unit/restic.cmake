file(GLOB restic_unit_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/restic/*_test.cpp)
ae_add_test(restic_unit_test TIER unit SOURCES ${restic_unit_sources} LIBRARIES restic_impl restic_protocol restic_cli ae_core fmt::fmt)
# What a connection does when its parked request is answered.
target_include_directories(restic_unit_test PRIVATE ${PROJECT_SOURCE_DIR}/core/src)
