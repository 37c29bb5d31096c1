find_package(PostgreSQL REQUIRED)
# By name: other files of this folder need other libraries, and the tests that use them name them.
add_library(ae_test_support STATIC support/test_cluster.cpp support/test_database.cpp support/plans.cpp support/canaries.cpp
                                   support/repository_on_disk.cpp support/sealed_snapshots.cpp
                                   support/v0_files.cpp)
target_include_directories(ae_test_support PUBLIC ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/tests/mocks)
target_link_libraries(ae_test_support PUBLIC ae_core PRIVATE OpenSSL::Crypto PostgreSQL::PostgreSQL SQLite::SQLite3 fmt::fmt GTest::gtest ae_options)

# One PostgreSQL for all tests of a ctest run; see test_database.h for what happens without ctest.
string(SHA256 build_hash ${PROJECT_BINARY_DIR})
string(SUBSTRING ${build_hash} 0 10 build_hash)
set(AE_TEST_CLUSTER /tmp/ae-test-pg-${build_hash})
target_compile_definitions(ae_test_support PRIVATE AE_TEST_CLUSTER="${AE_TEST_CLUSTER}"
                                                   AE_TEST_CLUSTER_SCRIPT="${CMAKE_CURRENT_SOURCE_DIR}/support/postgres.sh")
add_test(NAME postgres_start COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/postgres.sh start ${AE_TEST_CLUSTER})
add_test(NAME postgres_stop COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/support/postgres.sh stop ${AE_TEST_CLUSTER})
set_tests_properties(postgres_start PROPERTIES FIXTURES_SETUP postgres TIMEOUT 60)
set_tests_properties(postgres_stop PROPERTIES FIXTURES_CLEANUP postgres TIMEOUT 60)

add_library(ae_storage_servers STATIC support/storage_servers.cpp support/slow_proxy.cpp)
target_include_directories(ae_storage_servers PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_compile_definitions(ae_storage_servers PRIVATE AE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" AE_BUILD_DIR="${PROJECT_BINARY_DIR}")
target_link_libraries(ae_storage_servers PUBLIC ae_core PRIVATE ae_options)
