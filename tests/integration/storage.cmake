# Host, agent and restic with real storage servers.
file(GLOB storage_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/integration/storage/*_test.cpp)
ae_add_test(storage_test TIER integration TIMEOUT 300
            SOURCES ${storage_tests}
            LIBRARIES ae_storage_servers ae_system_support ae_test_support ae_core fmt::fmt)
add_dependencies(storage_test ae-backend base restic restic-agent)
