# tests/CASES.md names a test for each case, and each of these tests exists.
add_test(NAME cases.table COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/cases.test.mjs)
set_tests_properties(cases.table PROPERTIES LABELS unit TIMEOUT 60 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME cases.documents COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/documents.test.mjs)
set_tests_properties(cases.documents PROPERTIES LABELS unit TIMEOUT 60 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
# tests/CONTRACT.md names a test for each call, error, event and setting that others rely on, or says that it is to come.
add_test(NAME cases.contract COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/contract.test.mjs)
add_test(NAME cases.settings COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/settings.test.mjs)
set_tests_properties(cases.contract cases.settings PROPERTIES LABELS unit TIMEOUT 60 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                                                              ENVIRONMENT "AE_BUILD_DIR=${PROJECT_BINARY_DIR}")
