file(GLOB http_integration_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/integration/http/*_test.cpp)
ae_add_test(http_integration_test TIER integration SOURCES ${http_integration_tests} LIBRARIES ae_core_static)
