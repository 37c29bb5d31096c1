# tests/CASES.md names a test for each case, and each of these tests exists.
add_test(NAME cases.table COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/cases.test.mjs)
set_tests_properties(cases.table PROPERTIES LABELS unit TIMEOUT 60 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME cases.documents COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/documents.test.mjs)
set_tests_properties(cases.documents PROPERTIES LABELS unit TIMEOUT 60 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
# The settings that were published are those of the built host and agent.
add_test(NAME cases.settings COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/settings.test.mjs)
set_tests_properties(cases.settings PROPERTIES LABELS unit TIMEOUT 60 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                                                              ENVIRONMENT "AE_BUILD_DIR=${PROJECT_BINARY_DIR}")
