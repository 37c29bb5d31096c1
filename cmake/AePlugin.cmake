# ae_add_dump_plugin(<name> SOURCES <files> MANIFEST <plugin.json> [LIBRARIES <targets>])
#
# Builds the dump plugin <name>.so of the agent with its manifest <name>.json beside it in lib/restic-agent/plugins of the
# build tree, and installs both there.
#
# MANIFEST holds name, version, summary, capabilities and settings (a JSON schema). The plugin ABI is filled in. The
# sources see name and version as AE_PLUGIN_NAME and AE_PLUGIN_VERSION, so that they stand in one place.

function(ae_add_dump_plugin NAME)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "MANIFEST" "SOURCES;LIBRARIES")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ae_add_dump_plugin(${NAME}): unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_SOURCES OR NOT ARG_MANIFEST)
    message(FATAL_ERROR "ae_add_dump_plugin(${NAME}): SOURCES and MANIFEST are needed")
  endif()
  if(NOT NAME MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "ae_add_dump_plugin(${NAME}): a name begins with a letter and consists of a-z, 0-9 and _")
  endif()
  set(folder ${CMAKE_BINARY_DIR}/lib/restic-agent/plugins)
  get_filename_component(manifest ${ARG_MANIFEST} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${manifest})
  if(NOT EXISTS ${manifest})
    message(FATAL_ERROR "ae_add_dump_plugin(${NAME}): the manifest ${manifest} does not exist.")
  endif()
  file(READ ${manifest} text)
  foreach(key name version settings)
    string(JSON ${key} ERROR_VARIABLE problem GET "${text}" ${key})
    if(problem)
      message(FATAL_ERROR "${manifest}: ${problem}. A manifest is a JSON object with \"name\", \"version\" and \"settings\".")
    endif()
  endforeach()
  if(NOT name STREQUAL NAME)
    message(FATAL_ERROR "${manifest}: the name is \"${name}\", but the plugin is added as \"${NAME}\".")
  endif()
  # Not by string(JSON SET), which sorts the members: forms show the settings in the manifest's order.
  string(JSON ignored ERROR_VARIABLE absent GET "${text}" abi)
  if(NOT absent)
    message(FATAL_ERROR "${manifest}: \"abi\" is filled in, take it out.")
  endif()
  string(FIND "${text}" "{" begin)
  math(EXPR begin "${begin} + 1")
  string(SUBSTRING "${text}" ${begin} -1 rest)
  set(text "{\n  \"abi\": ${AE_PLUGIN_ABI},${rest}")
  # Not writable for others, whatever the umask: the agent refuses a file that others could change.
  file(GENERATE OUTPUT ${folder}/${NAME}.json CONTENT "${text}\n"
       FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

  add_library(${NAME}_plugin MODULE ${ARG_SOURCES})
  target_link_libraries(${NAME}_plugin PRIVATE AeBackend::agent_plugin ${ARG_LIBRARIES})
  if(TARGET ae_options) # within the project itself
    target_link_libraries(${NAME}_plugin PRIVATE ae_options)
  endif()
  target_compile_definitions(${NAME}_plugin PRIVATE AE_PLUGIN_NAME="${NAME}" AE_PLUGIN_VERSION="${version}")
  set_target_properties(${NAME}_plugin PROPERTIES
    PREFIX "" OUTPUT_NAME ${NAME} LIBRARY_OUTPUT_DIRECTORY ${folder} CXX_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(NOT AE_SANITIZE AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize") # sanitizers leave their own symbols to the executable
    target_link_options(${NAME}_plugin PRIVATE -Wl,-z,defs)
  endif()
  if(TARGET dump_plugins) # within the project itself
    add_dependencies(dump_plugins ${NAME}_plugin)
  endif()
  add_custom_command(TARGET ${NAME}_plugin POST_BUILD COMMAND chmod go-w $<TARGET_FILE:${NAME}_plugin> VERBATIM)
  install(TARGETS ${NAME}_plugin LIBRARY DESTINATION lib/restic-agent/plugins COMPONENT plugin-${NAME})
  install(FILES ${folder}/${NAME}.json DESTINATION lib/restic-agent/plugins COMPONENT plugin-${NAME})
endfunction()
