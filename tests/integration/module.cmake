# Real module files, good and bad; the tests copy them and write the manifests.
foreach(variant alpha beta gamma wrong_abi wrong_tag small_descriptor no_entry throws_create null_create
                throws_initialize throws_start throws_stop hangs_start hangs_stop hangs_job hangs_queue
                hangs_durable hangs_subscription hangs_health needs_more foreign_event
                unknown_event bad_durable bad_default foreign_setting)
  add_library(test_module_${variant} MODULE ${CMAKE_CURRENT_SOURCE_DIR}/integration/module/sample_module.cpp)
  target_link_libraries(test_module_${variant} PRIVATE ae_core ae_options)
  string(TOUPPER ${variant} upper)
  target_compile_definitions(test_module_${variant} PRIVATE SAMPLE_ID="${variant}" SAMPLE_${upper})
  set_target_properties(test_module_${variant} PROPERTIES PREFIX "" OUTPUT_NAME ${variant}
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/modules)
  list(APPEND sample_modules test_module_${variant})
endforeach()
file(GLOB module_integration_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/integration/module/*_test.cpp)
ae_add_test(module_integration_test TIER integration SOURCES ${module_integration_tests} LIBRARIES ae_core)
target_include_directories(module_integration_test PRIVATE ${PROJECT_SOURCE_DIR}/core/src)
add_dependencies(module_integration_test ${sample_modules})
