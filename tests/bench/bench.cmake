# The yardsticks of `./dev bench`, and what it measures beside the programs themselves.
add_executable(poco_hello ${CMAKE_CURRENT_LIST_DIR}/poco_hello.cpp)
target_link_libraries(poco_hello PRIVATE Poco::Net Poco::NetSSL Poco::Crypto Poco::DataSQLite Poco::Data
                      Poco::Foundation OpenSSL::SSL ae_options)

add_executable(load_client ${CMAKE_CURRENT_LIST_DIR}/load_client.cpp)
target_link_libraries(load_client PRIVATE fmt::fmt OpenSSL::SSL ae_options)

add_executable(event_bench ${CMAKE_CURRENT_LIST_DIR}/event_bench.cpp)
target_link_libraries(event_bench PRIVATE ae_core fmt::fmt ae_options)
target_include_directories(event_bench PRIVATE ${PROJECT_SOURCE_DIR}/core/src)
set_target_properties(poco_hello load_client event_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)

add_library(bench_noop_module MODULE ${CMAKE_CURRENT_LIST_DIR}/noop_module.cpp)
target_link_libraries(bench_noop_module PRIVATE ae_core ae_options)
set_target_properties(bench_noop_module PROPERTIES PREFIX "" OUTPUT_NAME noop_00
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/bench)

# All of them, for scripts/build.sh.
add_custom_target(benches DEPENDS poco_hello load_client event_bench bench_noop_module)
