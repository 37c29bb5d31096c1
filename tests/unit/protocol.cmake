file(GLOB protocol_unit_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/protocol/*_test.cpp)
ae_add_test(protocol_unit_test TIER unit SOURCES ${protocol_unit_tests}
            ${CMAKE_CURRENT_SOURCE_DIR}/support/kind_values.cpp LIBRARIES restic_protocol ae_core_base)
