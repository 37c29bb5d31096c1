# Our schedules beside two libraries of npm, which scripts/cron_packages.sh installs.
add_executable(cron_lines ${CMAKE_CURRENT_SOURCE_DIR}/support/cron_lines.cpp)
target_link_libraries(cron_lines PRIVATE ae_core ae_options)
set_target_properties(cron_lines PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_test(NAME schedules.libraries COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/libraries.test.mjs)
set_tests_properties(schedules.libraries PROPERTIES LABELS unit TIMEOUT 120 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                                                    ENVIRONMENT "AE_BUILD_DIR=${PROJECT_BINARY_DIR}")
