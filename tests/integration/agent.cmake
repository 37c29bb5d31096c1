file(GLOB agent_integration_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/integration/agent/*_test.cpp)
# Not with ae_test_support: its ae_core has code that is in the agent as well.
ae_add_test(agent_integration_test TIER integration
            SOURCES ${agent_integration_tests} support/fake_server.cpp support/secret_fields.cpp
                    support/repository_on_disk.cpp support/canaries.cpp
            LIBRARIES restic_agent_impl Poco::Net PostgreSQL::PostgreSQL fmt::fmt)
add_dependencies(agent_integration_test restic-agent)
# A plugin that does what its settings say. Not among the agent's own, so that nothing but the tests finds it.
set(trouble_dir ${PROJECT_BINARY_DIR}/tests/agent_plugins)
add_library(trouble_plugin MODULE ${CMAKE_CURRENT_SOURCE_DIR}/integration/agent/trouble/trouble.cpp)
target_link_libraries(trouble_plugin PRIVATE AeBackend::agent_plugin ae_options)
set_target_properties(trouble_plugin PROPERTIES PREFIX "" OUTPUT_NAME trouble LIBRARY_OUTPUT_DIRECTORY ${trouble_dir})
add_custom_command(TARGET trouble_plugin POST_BUILD
  COMMAND chmod go-w $<TARGET_FILE:trouble_plugin>
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/integration/agent/trouble/trouble.json ${trouble_dir}
  COMMAND chmod 644 ${trouble_dir}/trouble.json VERBATIM)
add_dependencies(agent_integration_test trouble_plugin)
