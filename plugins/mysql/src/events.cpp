#include "events.h"

#include "sql_text.h"

namespace mysql {
namespace {
std::string setting(const char* name, const std::string& value) {
    return "SET SESSION " + std::string(name) + "=" + value + " ;;\n";
}

std::string quoted(const std::string& value) {
    return "'" + value + "'"; // names of modes, zones and character sets
}
} // namespace

bool hidesEvents(const std::string& database) {
    return database.find_first_of("'\"\\") != std::string::npos;
}

std::string eventStatements(const Server& server, const Database& database) {
    std::string out;
    const auto name = quotedName(database.name);
    for (const auto& event : server.query("SELECT EVENT_NAME FROM information_schema.EVENTS WHERE BINARY "
                                          "EVENT_SCHEMA=BINARY " +
                                          textLiteral(database.name) + " ORDER BY EVENT_NAME;")) {
        // As bytes: the text is in the character set that the event was made with.
        const auto rows = server.query("SET SESSION character_set_results='binary';\nSHOW CREATE EVENT " +
                                       name + "." + quotedName(event.at(0)) + ";");
        if (rows.empty() || rows[0].size() < 7 || rows[0][3].empty())
            throw Failure(
                "The event " + event.at(0) + " of the database " + database.name +
                    " was not dumped: the server does not tell it",
                "The account lacks EVENT on the database; the plugin's test says the GRANT statement");
        const auto& row = rows[0];
        out += "DROP EVENT IF EXISTS " + quotedName(event.at(0)) + " ;;\n";
        out += "ALTER DATABASE COLLATE " + row[6] + " ;;\n";
        out += setting("sql_mode", quoted(row[1])) + setting("time_zone", quoted(row[2])) +
               setting("character_set_client", row[4]) + setting("collation_connection", row[5]);
        out += row[3] + "\n;;\n";
    }
    if (out.empty())
        return out;
    return "\n--\n-- Events\n--\nDELIMITER ;;\nSET @kept_mode=@@sql_mode, @kept_zone=@@time_zone, "
           "@kept_client=@@character_set_client, @kept_collation=@@collation_connection ;;\n" +
           out + "ALTER DATABASE COLLATE " + database.collation + " ;;\n" +
           setting("sql_mode", "@kept_mode") + setting("time_zone", "@kept_zone") +
           setting("character_set_client", "@kept_client") +
           setting("collation_connection", "@kept_collation") + "DELIMITER ;\n\n-- Dump completed\n";
}

} // namespace mysql
