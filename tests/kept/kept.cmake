# What earlier builds left: databases that this build migrates and opens, and what their agents said, which it takes.
foreach(name databases protocol)
  add_test(NAME kept.${name} COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/${name}.test.mjs)
endforeach()
set_tests_properties(kept.databases kept.protocol PROPERTIES LABELS integration TIMEOUT 300
                                                             ENVIRONMENT "AE_BUILD_DIR=${PROJECT_BINARY_DIR}")
