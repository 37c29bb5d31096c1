file(GLOB agent_unit_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/agent/*_test.cpp)
ae_add_test(agent_unit_test TIER unit SOURCES ${agent_unit_tests} LIBRARIES restic_agent_impl)
