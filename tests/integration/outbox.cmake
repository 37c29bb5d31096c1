add_library(test_module_probe MODULE ${CMAKE_CURRENT_SOURCE_DIR}/integration/outbox/probe_module.cpp)
target_link_libraries(test_module_probe PRIVATE ae_core ae_options)
set_target_properties(test_module_probe PROPERTIES PREFIX "" OUTPUT_NAME probe
                                                   LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/modules)
ae_add_test(outbox_test TIER integration POSTGRES
            SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/integration/outbox/outbox_test.cpp
            LIBRARIES ae_system_support ae_test_support ae_core fmt::fmt)
add_dependencies(outbox_test test_module_probe ae-backend base restic)
