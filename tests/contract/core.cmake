file(GLOB core_contract_sources CONFIGURE_DEPENDS contract/core_*_test.cpp)
ae_add_test(core_contract_test TIER contract POSTGRES SOURCES ${core_contract_sources}
            LIBRARIES ae_test_support ae_core fmt::fmt)
target_include_directories(core_contract_test PRIVATE ${PROJECT_SOURCE_DIR}/core/src)
