file(GLOB core_test_sources CONFIGURE_DEPENDS unit/core/*_test.cpp)
# A million random schedules take minutes on a busy machine.
ae_add_test(core_unit_test TIER unit TIMEOUT 600 SOURCES ${core_test_sources} support/slow_cron.cpp
            LIBRARIES ae_core_static Poco::Foundation fmt::fmt)
# A walk over every minute is slow enough.
set_source_files_properties(support/slow_cron.cpp PROPERTIES COMPILE_OPTIONS -O2 SKIP_PRECOMPILE_HEADERS ON)
