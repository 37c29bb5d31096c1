file(GLOB base_contract_sources CONFIGURE_DEPENDS contract/base_*_test.cpp)
ae_add_test(base_contract_test TIER contract POSTGRES SOURCES ${base_contract_sources}
            LIBRARIES base_impl ae_test_support ae_core fmt::fmt)
