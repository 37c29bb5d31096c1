file(GLOB restic_contract_sources CONFIGURE_DEPENDS contract/restic_*_test.cpp)
ae_add_test(restic_contract_test TIER contract POSTGRES SOURCES ${restic_contract_sources}
            LIBRARIES restic_impl restic_protocol base_impl ae_test_support ae_core fmt::fmt)
ae_embed_migrations(restic_contract_test restic ${PROJECT_SOURCE_DIR}/modules/restic/migrations)
