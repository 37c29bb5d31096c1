file(GLOB system_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/integration/system/*_test.cpp)
ae_add_test(system_test TIER integration POSTGRES
            SOURCES ${system_tests} integration/system/api_client.cpp
            LIBRARIES ae_test_support ae_core fmt::fmt OpenSSL::SSL)
add_dependencies(system_test ae-backend base restic restic-agent test_module_throws_stop test_module_hangs_start
                 test_module_hangs_stop test_module_hangs_job test_module_hangs_queue test_module_hangs_durable
                 test_module_hangs_subscription test_module_hangs_health test_module_gamma test_module_alpha
                 test_module_throws_start test_module_throws_create)
