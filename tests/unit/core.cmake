file(GLOB core_test_sources CONFIGURE_DEPENDS unit/core/*_test.cpp)
ae_add_test(core_unit_test TIER unit SOURCES ${core_test_sources}
            LIBRARIES ae_core_static Poco::Foundation fmt::fmt)
