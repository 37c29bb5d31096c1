add_executable(poco_hello ${CMAKE_CURRENT_LIST_DIR}/poco_hello.cpp)
target_link_libraries(poco_hello PRIVATE Poco::Net Poco::Foundation ae_options)
set_target_properties(poco_hello PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
