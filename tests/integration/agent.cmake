file(GLOB agent_integration_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/integration/agent/*_test.cpp)
# Not with ae_test_support: its ae_core has code that is in the agent as well.
ae_add_test(agent_integration_test TIER integration
            SOURCES ${agent_integration_tests} support/fake_server.cpp support/secret_fields.cpp
                    support/repository_on_disk.cpp support/canaries.cpp
            LIBRARIES restic_agent_impl Poco::Net PostgreSQL::PostgreSQL fmt::fmt)
add_dependencies(agent_integration_test restic-agent)
