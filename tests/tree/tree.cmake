# Rules of the tree that no compiler holds.
add_test(NAME tree.one_definition COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/one_definition.test.mjs)
set_tests_properties(tree.one_definition PROPERTIES LABELS unit TIMEOUT 60 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME tree.rooms COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/rooms.test.mjs)
set_tests_properties(tree.rooms PROPERTIES LABELS unit TIMEOUT 60 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
