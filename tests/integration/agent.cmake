file(GLOB agent_integration_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/integration/agent/*_test.cpp)
ae_add_test(agent_integration_test TIER integration
            SOURCES ${agent_integration_tests} support/fake_server.cpp support/secret_fields.cpp
            LIBRARIES restic_agent_impl ae_test_support Poco::Net)
add_dependencies(agent_integration_test restic-agent)
