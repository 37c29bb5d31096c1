# What modules see of the SDK in binary form, against abi/sdk.abi: of the build that is released. Sanitizers bring symbols
# of their own, and optimisation decides which virtual tables the library holds.
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT AE_SANITIZE)
  add_test(NAME abi.snapshot
           COMMAND ${AE_NODE} ${PROJECT_SOURCE_DIR}/scripts/abi.mjs check --library $<TARGET_FILE:ae_core>
                   --compiler ${CMAKE_CXX_COMPILER})
  add_test(NAME abi.comparison
           COMMAND ${AE_NODE} --test --test-reporter=spec ${CMAKE_CURRENT_LIST_DIR}/abi.test.mjs)
  set_tests_properties(abi.snapshot abi.comparison PROPERTIES
    LABELS sdk TIMEOUT 300 ENVIRONMENT "AE_COMPILER=${CMAKE_CXX_COMPILER}")
endif()
