# The whole system as a person meets it: host, agent and restic behind a real browser, one at a time.
foreach(case agent_plugins backup compliance databases lists people policy policy_page prometheus repository repository_change restore snapshots storage targets web_socket)
  add_test(NAME e2e.${case} COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/${case}.test.mjs)
  set_tests_properties(e2e.${case} PROPERTIES
    LABELS e2e TIMEOUT 300 RESOURCE_LOCK browser
    ENVIRONMENT "AE_BUILD_DIR=${PROJECT_BINARY_DIR}")
endforeach()

# What is asked at the end of each of them.
add_test(NAME e2e.proofs COMMAND ${AE_NODE} --test --test-reporter=spec ${PROJECT_SOURCE_DIR}/tests/support/proofs.test.mjs)
set_tests_properties(e2e.proofs PROPERTIES LABELS e2e TIMEOUT 60)

# The web application's own checks: types against the host's API, and its unit tests.
add_test(NAME web.types COMMAND ${AE_NODE} ${PROJECT_SOURCE_DIR}/web/node_modules/vue-tsc/bin/vue-tsc.js --noEmit)
add_test(NAME web.unit COMMAND ${AE_NODE} ${PROJECT_SOURCE_DIR}/web/node_modules/vitest/vitest.mjs run)
# What the host says of its API, by two linters.
add_test(NAME web.openapi COMMAND ${AE_NODE} --test ${CMAKE_CURRENT_LIST_DIR}/openapi.test.mjs)
set_tests_properties(web.openapi PROPERTIES LABELS web TIMEOUT 120 ENVIRONMENT "AE_BUILD_DIR=${PROJECT_BINARY_DIR}")
set_tests_properties(web.types web.unit PROPERTIES LABELS web TIMEOUT 120
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/web)
