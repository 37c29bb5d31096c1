# Each dump plugin against real servers that its tests start: steps run as the agent runs them.
# ae_plugin_test(<plugin>): sources are the files <plugin>*_test.cpp and <plugin>*_server.cpp of this folder.
function(ae_plugin_test PLUGIN)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/plugins/${PLUGIN}*.cpp)
  if(NOT sources)
    return()
  endif()
  ae_add_test(plugin_${PLUGIN}_test TIER integration SUITES TIMEOUT 600
              SOURCES ${sources} ${CMAKE_CURRENT_SOURCE_DIR}/support/plugin_driver.cpp
              LIBRARIES restic_agent_impl Poco::Net fmt::fmt ${ARGN})
  add_dependencies(plugin_${PLUGIN}_test restic-agent ${PLUGIN}_plugin)
endfunction()
ae_plugin_test(postgres AeBackend::agent_plugin)
if(TARGET plugin_postgres_test) # parts that no server leads to in every case
  target_sources(plugin_postgres_test PRIVATE
    ${PROJECT_SOURCE_DIR}/plugins/postgres/src/archive.cpp
    ${PROJECT_SOURCE_DIR}/plugins/postgres/src/quoting.cpp
    ${PROJECT_SOURCE_DIR}/plugins/postgres/src/row_counts.cpp
    ${PROJECT_SOURCE_DIR}/plugins/postgres/src/sql_tokens.cpp)
  target_include_directories(plugin_postgres_test PRIVATE ${PROJECT_SOURCE_DIR}/plugins/postgres/src)
endif()
ae_plugin_test(mysql mysql_dump_text)
ae_plugin_test(docker docker_parts)
# The whole way, with each restic: server, plugin, agent, repository, and back.
ae_add_test(dump_chain_test TIER integration TIMEOUT 300
            SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/plugins/chain_test.cpp
                    ${CMAKE_CURRENT_SOURCE_DIR}/plugins/postgres_server.cpp
                    ${CMAKE_CURRENT_SOURCE_DIR}/plugins/mysql_server.cpp
                    support/plugin_driver.cpp support/fake_server.cpp support/secret_fields.cpp
                    support/repository_on_disk.cpp support/canaries.cpp
            LIBRARIES restic_agent_impl Poco::Net PostgreSQL::PostgreSQL fmt::fmt)
add_dependencies(dump_chain_test restic-agent postgres_plugin mysql_plugin)
# The same with containers.
ae_add_test(docker_chain_test TIER integration TIMEOUT 300
            SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/plugins/chain_docker_test.cpp
                    ${CMAKE_CURRENT_SOURCE_DIR}/plugins/docker_engine.cpp
                    ${CMAKE_CURRENT_SOURCE_DIR}/plugins/docker_servers.cpp
                    support/fake_server.cpp support/secret_fields.cpp support/repository_on_disk.cpp support/canaries.cpp
            LIBRARIES restic_agent_impl Poco::Net PostgreSQL::PostgreSQL fmt::fmt)
add_dependencies(docker_chain_test restic-agent docker_plugin)
