file(GLOB base_unit_sources CONFIGURE_DEPENDS unit/base/*_test.cpp)
ae_add_test(base_unit_test TIER unit SOURCES ${base_unit_sources} LIBRARIES base_impl ae_core fmt::fmt)
