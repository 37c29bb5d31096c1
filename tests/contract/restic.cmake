file(GLOB restic_contract_sources CONFIGURE_DEPENDS contract/restic_*_test.cpp)
# One of them makes a database for each state that migrations may lead from: on a busy machine that takes minutes.
ae_add_test(restic_contract_test TIER contract POSTGRES TIMEOUT 300 SOURCES ${restic_contract_sources}
            LIBRARIES restic_impl restic_protocol restic_cli base_impl ae_storage_servers ae_test_support ae_core SQLite::SQLite3 fmt::fmt)
ae_embed_migrations(restic_contract_test restic ${PROJECT_SOURCE_DIR}/modules/restic/migrations)
