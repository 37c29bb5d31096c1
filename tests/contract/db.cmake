file(GLOB db_test_sources CONFIGURE_DEPENDS contract/db_*_test.cpp)
ae_add_test(db_contract_test TIER contract POSTGRES SOURCES ${db_test_sources}
            LIBRARIES ae_test_support ae_core fmt::fmt)
