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
ae_sdk_step(sdk_plugin NEEDS sdk_prefix COMMAND plugin)
ae_sdk_step(sdk_plugin_guide NEEDS sdk_prefix COMMAND plugin_guide)

file(GLOB sdk_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/sdk/*_test.cpp)
ae_add_test(sdk_test TIER sdk POSTGRES FIXTURES sdk_prefix sdk_consumer sdk_guide sdk_plugin sdk_plugin_guide
            SOURCES ${sdk_tests} LIBRARIES ae_system_support ae_test_support ae_core fmt::fmt SQLite::SQLite3)
target_compile_definitions(sdk_test PRIVATE SDK_DIR="${sdk_dir}" SDK_PREFIX="${sdk_prefix}")
add_dependencies(sdk_test ae-backend base restic restic-agent)

# Their pages in a real browser, with the installed host; and their code against the types that the SDK brings.
add_test(NAME e2e.module_page
         COMMAND ${AE_NODE} --test --test-reporter=spec ${PROJECT_SOURCE_DIR}/tests/e2e/module_page.test.mjs)
set_tests_properties(e2e.module_page PROPERTIES
  LABELS e2e TIMEOUT 300 RESOURCE_LOCK browser FIXTURES_REQUIRED "sdk_prefix;sdk_consumer;sdk_guide"
  ENVIRONMENT "AE_BUILD_DIR=${sdk_prefix};AE_SHOTS=${sdk_dir};AE_MODULE_PATH=${sdk_dir}/consumer/build/lib/ae-backend/modules;AE_GUESTBOOK=${sdk_dir}/guide/guestbook/build/lib/ae-backend/modules")
add_test(NAME web.page_types
         COMMAND ${AE_NODE} ${PROJECT_SOURCE_DIR}/web/node_modules/typescript/bin/tsc -p ${PROJECT_SOURCE_DIR}/tests/sdk/page_types.json)
set_tests_properties(web.page_types PROPERTIES LABELS web TIMEOUT 120)
