# Writes ${OUT}/${ID}_migrations.{h,cpp} from ${DIR}/{sqlite,postgresql}/V*.sql. Run as a script.
set(body "")
foreach(dialect sqlite postgresql)
  set(entries "")
  file(GLOB files ${DIR}/${dialect}/V*.sql)
  list(SORT files)
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    if(NOT name MATCHES "^V([0-9][0-9][0-9][0-9])__([a-z0-9_]+)\\.sql$")
      message(FATAL_ERROR "${file}: a migration is named V0001__what_it_does.sql")
    endif()
    math(EXPR version "1${CMAKE_MATCH_1} - 10000")
    string(REPLACE "_" " " description ${CMAKE_MATCH_2})
    file(READ ${file} text)
    file(SHA256 ${file} checksum)
    # A raw string literal may not exceed 64 KiB, so long files are cut into adjacent literals.
    string(LENGTH "${text}" length)
    set(literal "")
    set(at 0)
    while(at LESS length)
      string(SUBSTRING "${text}" ${at} 8000 part)
      string(APPEND literal "R\"AESQL(${part})AESQL\"\n")
      math(EXPR at "${at} + 8000")
    endwhile()
    string(APPEND entries "        {${version}, \"${description}\", ${literal}, \"${checksum}\"},\n")
  endforeach()
  string(APPEND body "    if (dialect == core::db::Dialect::${dialect})\n        return {\n${entries}        };\n")
endforeach()
file(WRITE ${OUT}/${ID}_migrations.h "// Generated from the module's SQL files.
#pragma once
#include <vector>
#include \"core/db/database.h\"
std::vector<core::db::Migration> ${ID}_migrations(core::db::Dialect dialect);
")
file(WRITE ${OUT}/${ID}_migrations.cpp "// Generated from the module's SQL files.
#include \"${ID}_migrations.h\"
std::vector<core::db::Migration> ${ID}_migrations(core::db::Dialect dialect) {
${body}    return {};
}
")
