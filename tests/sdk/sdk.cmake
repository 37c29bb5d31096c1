# What others build on: the package is installed into a prefix, and everything below knows nothing but that prefix.
set(sdk_dir ${PROJECT_BINARY_DIR}/tests/sdk)
set(sdk_prefix ${sdk_dir}/prefix)
set(sdk_flags "-O0")
if(AE_SANITIZE)
  # A module is refused by a host of another sanitizer.
  string(APPEND sdk_flags " -fsanitize=${AE_SANITIZE}")
endif()

# A step that the tests need, once a run: its name is also the fixture's.
function(ae_sdk_step NAME)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "NEEDS;COMMAND")
  add_test(NAME ${NAME} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/sdk/step.sh ${ARG_COMMAND})
  set_tests_properties(${NAME} PROPERTIES
    LABELS sdk TIMEOUT 600 FIXTURES_SETUP ${NAME} FIXTURES_REQUIRED "${ARG_NEEDS}" PROCESSORS 2
    ENVIRONMENT "SDK_DIR=${sdk_dir};SDK_PREFIX=${sdk_prefix};SDK_FLAGS=${sdk_flags};SDK_SOURCE=${PROJECT_SOURCE_DIR};SDK_BUILD=${PROJECT_BINARY_DIR}")
endfunction()
ae_sdk_step(sdk_prefix COMMAND install)
ae_sdk_step(sdk_headers NEEDS sdk_prefix COMMAND headers)
ae_sdk_step(sdk_consumer NEEDS sdk_prefix COMMAND consumer)
ae_sdk_step(sdk_guide NEEDS sdk_prefix COMMAND guide)

file(GLOB sdk_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/sdk/*_test.cpp)
ae_add_test(sdk_test TIER sdk POSTGRES FIXTURES sdk_prefix sdk_consumer sdk_guide
            SOURCES ${sdk_tests} integration/system/api_client.cpp LIBRARIES ae_test_support ae_core fmt::fmt)
target_compile_definitions(sdk_test PRIVATE SDK_DIR="${sdk_dir}" SDK_PREFIX="${sdk_prefix}")
add_dependencies(sdk_test ae-backend base restic restic-agent)
