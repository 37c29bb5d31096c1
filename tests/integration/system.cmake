# What every test with a real host needs, with the proofs at its end.
add_library(ae_system_support STATIC integration/system/api_client.cpp integration/system/traffic.cpp
                                     integration/system/proofs.cpp support/secret_fields.cpp
                                     support/kind_values.cpp)
target_include_directories(ae_system_support PUBLIC ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/tests/mocks)
target_link_libraries(ae_system_support PUBLIC ae_core restic_protocol PRIVATE ae_test_support fmt::fmt GTest::gtest
                                                               ae_options)
file(GLOB system_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/integration/system/*_test.cpp)
ae_add_test(system_test TIER integration POSTGRES TIMEOUT 400
            SOURCES ${system_tests}
            LIBRARIES ae_storage_servers ae_system_support ae_test_support ae_core fmt::fmt OpenSSL::SSL)
add_dependencies(system_test ae-backend base restic restic-agent trouble_plugin test_module_throws_stop test_module_hangs_start
                 test_module_hangs_stop test_module_hangs_job test_module_hangs_queue test_module_hangs_durable
                 test_module_hangs_subscription test_module_hangs_health test_module_gamma test_module_alpha
                 test_module_throws_start test_module_throws_create)
