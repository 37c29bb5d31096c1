# ae_add_module(<id> SOURCES <files> MANIFEST <module.json> [MIGRATIONS <dir>] [WEB <dir>] [INCLUDES <dirs>]
#               [LIBRARIES <targets>])
#
# Builds the loadable module <id>.so with its manifest <id>.json beside it in lib/ae-backend/modules of the build tree,
# and installs both there. The same code is the object library <id>_objects, for tests.
#
# MANIFEST holds id, version, dependencies, description and pages. The id is <id>; the module ABI is filled in. The sources see
# both as AE_MODULE_ID and AE_MODULE_VERSION, so that they stand in one place.
#
# MIGRATIONS names a folder with the subfolders sqlite/ and postgresql/ that hold V0001__what_it_does.sql; the files are
# embedded and offered as
#   std::vector<core::db::Migration> <id>_migrations(core::db::Dialect)
# declared in the generated header "<id>_migrations.h".
#
# WEB names the folder with the files of the pages in MANIFEST; it becomes the folder <id>.web beside the module.

# Keeps the folder of this file: the functions also run from an installed SDK.
set(AE_MODULE_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# Adds the generated source with a module's migrations to TARGET.
function(ae_embed_migrations TARGET ID DIR)
  get_filename_component(dir ${DIR} ABSOLUTE)
  foreach(dialect sqlite postgresql)
    file(GLOB files_${dialect} CONFIGURE_DEPENDS ${dir}/${dialect}/V*.sql)
    if(NOT files_${dialect})
      message(FATAL_ERROR "${dir}/${dialect} has no V0001__what_it_does.sql: the host runs on SQLite and on PostgreSQL, "
                          "and a module's tables must be made on both.")
    endif()
  endforeach()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/generated)
  add_custom_command(
    OUTPUT ${out}/${ID}_migrations.cpp ${out}/${ID}_migrations.h
    COMMAND ${CMAKE_COMMAND} -DID=${ID} -DDIR=${dir} -DOUT=${out} -P ${AE_MODULE_CMAKE_DIR}/AeEmbedMigrations.cmake
    DEPENDS ${files_sqlite} ${files_postgresql} ${AE_MODULE_CMAKE_DIR}/AeEmbedMigrations.cmake
    COMMENT "Embedding the migrations of ${ID}" VERBATIM)
  # A target of its own, so that the file waits for nothing that TARGET links.
  add_custom_target(${TARGET}_migrations DEPENDS ${out}/${ID}_migrations.h)
  add_dependencies(${TARGET} ${TARGET}_migrations)
  target_sources(${TARGET} PRIVATE ${out}/${ID}_migrations.cpp)
  set_source_files_properties(${out}/${ID}_migrations.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON
                                                                     SKIP_UNITY_BUILD_INCLUSION ON)
  target_include_directories(${TARGET} PUBLIC $<BUILD_INTERFACE:${out}>)
endfunction()

# Reads the manifest FILE of module ID, sets VERSION and writes it with the module ABI to OUT.
function(ae_module_manifest ID FILE OUT VERSION)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${FILE})
  if(NOT EXISTS ${FILE})
    message(FATAL_ERROR "ae_add_module(${ID}): the manifest ${FILE} does not exist.")
  endif()
  file(READ ${FILE} text)
  foreach(key id version)
    string(JSON ${key} ERROR_VARIABLE problem GET "${text}" ${key})
    if(problem)
      message(FATAL_ERROR "${FILE}: ${problem}. A manifest is a JSON object with at least \"id\" and \"version\".")
    endif()
  endforeach()
  if(NOT id STREQUAL ID)
    message(FATAL_ERROR "${FILE}: the id is \"${id}\", but the module is added as \"${ID}\"; both must be the same.")
  endif()
  if(NOT version MATCHES "^[0-9]+\\.[0-9]+(\\.[0-9]+)?$")
    message(FATAL_ERROR "${FILE}: \"${version}\" is no version like 1.2.3.")
  endif()
  string(JSON abi ERROR_VARIABLE absent GET "${text}" abi)
  if(absent)
    string(JSON text SET "${text}" abi ${AE_MODULE_ABI})
  elseif(NOT abi EQUAL AE_MODULE_ABI)
    message(FATAL_ERROR "${FILE}: \"abi\" is ${abi}, but this SDK has ${AE_MODULE_ABI}; leave it out, it is filled in.")
  endif()
  # Not writable for others, whatever the umask: the host refuses a file that others could change.
  file(GENERATE OUTPUT ${OUT} CONTENT "${text}\n" FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  set(${VERSION} ${version} PARENT_SCOPE)
endfunction()

# Refuses what the host would: pages in the manifest FILE without their files in WEB, and files without pages.
function(ae_check_pages ID FILE WEB)
  file(READ ${FILE} text)
  string(JSON count ERROR_VARIABLE absent LENGTH "${text}" pages)
  if(absent OR count EQUAL 0)
    if(WEB)
      message(FATAL_ERROR "ae_add_module(${ID}): WEB is given, but ${FILE} has no \"pages\".")
    endif()
    return()
  endif()
  if(NOT WEB)
    message(FATAL_ERROR "ae_add_module(${ID}): ${FILE} has \"pages\"; name the folder with their files: WEB <dir>.")
  endif()
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last})
    foreach(key entry icon)
      string(JSON file ERROR_VARIABLE absent GET "${text}" pages ${i} ${key})
      # Also before it becomes part of a path below: a semicolon would make two of it.
      if(NOT absent AND NOT "${file}" MATCHES "^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$")
        message(FATAL_ERROR "${FILE}: the ${key} of page ${i}, \"${file}\", must name a file in the module's web folder, "
                            "like pages/list.js: letters without accents, digits and _ - . /")
      endif()
      if(NOT absent AND NOT EXISTS ${WEB}/${file})
        message(FATAL_ERROR "${FILE}: the ${key} of page ${i}, ${WEB}/${file}, does not exist.")
      endif()
    endforeach()
  endforeach()
endfunction()

# Copies the folder WEB beside the module ID, and installs it there.
function(ae_module_web ID WEB FOLDER)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${WEB}/*)
  set(stamp ${CMAKE_CURRENT_BINARY_DIR}/${ID}.web.stamp)
  # Without what was deleted, and not writable for others, whatever the umask: the host refuses such files.
  add_custom_command(
    OUTPUT ${stamp}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${FOLDER}/${ID}.web
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${WEB} ${FOLDER}/${ID}.web
    COMMAND chmod -R go-w ${FOLDER}/${ID}.web
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${files} COMMENT "Copying the web files of ${ID}" VERBATIM)
  add_custom_target(${ID}_web ALL DEPENDS ${stamp})
  add_dependencies(${ID} ${ID}_web)
  install(DIRECTORY ${FOLDER}/${ID}.web DESTINATION lib/ae-backend/modules COMPONENT runtime
          FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
          DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endfunction()

function(ae_add_module ID)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "MANIFEST;MIGRATIONS;WEB" "SOURCES;INCLUDES;LIBRARIES")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ae_add_module(${ID}): unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_SOURCES OR NOT ARG_MANIFEST)
    message(FATAL_ERROR "ae_add_module(${ID}): SOURCES and MANIFEST are needed")
  endif()
  if(NOT ID MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "ae_add_module(${ID}): an id begins with a letter and consists of a-z, 0-9 and _")
  endif()
  set(folder ${CMAKE_BINARY_DIR}/lib/ae-backend/modules)
  get_filename_component(manifest ${ARG_MANIFEST} ABSOLUTE)
  ae_module_manifest(${ID} ${manifest} ${folder}/${ID}.json version)
  set(web "")
  if(ARG_WEB)
    get_filename_component(web ${ARG_WEB} ABSOLUTE)
  endif()
  ae_check_pages(${ID} ${manifest} "${web}")

  add_library(${ID}_objects OBJECT ${ARG_SOURCES})
  target_link_libraries(${ID}_objects PUBLIC AeBackend::core ${ARG_LIBRARIES})
  if(TARGET ae_options) # within the project itself
    target_link_libraries(${ID}_objects PRIVATE ae_options)
  endif()
  target_compile_definitions(${ID}_objects PRIVATE AE_MODULE_ID="${ID}" AE_MODULE_VERSION="${version}")
  target_include_directories(${ID}_objects PUBLIC ${ARG_INCLUDES})
  if(ARG_MIGRATIONS)
    ae_embed_migrations(${ID}_objects ${ID} ${ARG_MIGRATIONS})
  endif()
  set_target_properties(${ID}_objects PROPERTIES
    CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

  add_library(${ID} MODULE)
  target_link_libraries(${ID} PRIVATE ${ID}_objects ${ARG_LIBRARIES})
  # The host brings the core library; where the module lies beside it, it is also found without the host.
  set_target_properties(${ID} PROPERTIES
    PREFIX "" LINKER_LANGUAGE CXX LIBRARY_OUTPUT_DIRECTORY ${folder} INSTALL_RPATH "$ORIGIN/../..")
  if(NOT AE_SANITIZE AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize") # sanitizers leave their own symbols to the executable
    target_link_options(${ID} PRIVATE -Wl,-z,defs)
  endif()
  add_custom_command(TARGET ${ID} POST_BUILD COMMAND chmod go-w $<TARGET_FILE:${ID}> VERBATIM)

  install(TARGETS ${ID} LIBRARY DESTINATION lib/ae-backend/modules COMPONENT runtime)
  install(FILES ${folder}/${ID}.json DESTINATION lib/ae-backend/modules COMPONENT runtime)
  if(web)
    ae_module_web(${ID} ${web} ${folder})
  endif()
endfunction()
