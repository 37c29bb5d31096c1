#include <gmock/gmock.h>

#include "load_filter.h"
#include "row_counter.h"
#include "sql_text.h"

namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

std::map<std::string, std::uint64_t> rowsOf(const std::string& dump, std::size_t piece = 1U << 20U) {
    mysql::RowCounter counter;
    for (std::size_t at = 0; at < dump.size(); at += piece)
        counter.read(std::string_view(dump).substr(at, piece));
    return counter.rows();
}

std::string filtered(const std::string& dump, mysql::LoadChanges changes = {},
                     std::size_t piece = 1U << 20U) {
    std::string out;
    mysql::LoadFilter filter(changes, [&](std::string_view text) { out += text; });
    for (std::size_t at = 0; at < dump.size(); at += piece)
        filter.read(std::string_view(dump).substr(at, piece));
    filter.finish();
    return out;
}

constexpr const char* kDump = R"sql(/*M!999999\- enable the sandbox mode */ 
-- MariaDB dump, it's of `x` and "y
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `one` (
  `a` varchar(9) DEFAULT '),(''; x' COMMENT 'it''s \' (a)'
);
INSERT INTO `one` VALUES
('a''b),(','\'),(\\'),
('\\',0x2729,NULL),(';
INSERT INTO `never` VALUES (1)',-1.5e3);
INSERT INTO `one` VALUES ('x');
CREATE TABLE `em``pty (x)` (`a` int);
INSERT INTO `two; (` (`a``(`, `VALUES`) VALUES (1,(2)),(3,')');
/*!50001 CREATE VIEW `v` AS SELECT
 1 AS `a;(`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`it's`@`%` SQL SECURITY DEFINER */
/*!50001 VIEW `v` AS select ';' AS `'` */;
DELIMITER ;;
/*!50003 CREATE*/ /*!50003 TRIGGER t BEFORE INSERT ON one FOR EACH ROW BEGIN
INSERT INTO `never` VALUES (1),(2);
-- it's "
END */;;
DELIMITER ;
INSERT INTO `last` VALUES (1);
-- Dump completed
)sql";

TEST(MysqlRowCounter, CountsWhatInsertStatementsHold) {
    EXPECT_THAT(rowsOf(kDump), UnorderedElementsAre(Pair("one", 4), Pair("em`pty (x)", 0), Pair("two; (", 2),
                                                    Pair("last", 1)));
}

TEST(MysqlRowCounter, ThePiecesDoNotMatter) {
    const auto whole = rowsOf(kDump);
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U})
        EXPECT_EQ(rowsOf(kDump, piece), whole) << piece;
}

TEST(MysqlRowCounter, DifferencesNameTablesThatLackRowsOrAreMissing) {
    const auto found =
        mysql::differences({{"same", 2}, {"less", 3}, {"gone", 1}}, {{"same", 2}, {"less", 2}, {"more", 5}});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_TRUE(found[0].table == "gone" && found[0].missing);
    EXPECT_TRUE(found[1].table == "less" && found[1].expected == 3 && found[1].found == 2 &&
                !found[1].missing);
    EXPECT_TRUE(found[2].table == "more" && found[2].expected == 0 && found[2].found == 5);
}

TEST(MysqlLoadFilter, LeavesADumpOfOneDatabaseAsItIs) {
    for (const std::size_t piece : {1U, 5U, 1U << 20U})
        EXPECT_EQ(filtered(kDump, {}, piece), kDump);
}

TEST(MysqlLoadFilter, LeadsToNoOtherDatabase) {
    EXPECT_EQ(
        filtered("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `x`;\nUSE `x`;\n/*!40000 DROP DATABASE IF EXISTS "
                 "`x`*/;\n"
                 "ALTER DATABASE `we``ird` CHARACTER SET latin1 COLLATE latin1_german1_ci ;\nSELECT 1;"),
        "ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_german1_ci ;\nSELECT 1;");
}

TEST(MysqlLoadFilter, CollationsOfEventsAreThoseOfTheDatabaseThatIsLoaded) {
    EXPECT_EQ(filtered("DELIMITER ;;\nALTER DATABASE `x` CHARACTER SET a COLLATE b ;;\n"
                       "ALTER DATABASE `x` CHARACTER SET a COLLATE b ;\nDELIMITER ;\n"),
              "DELIMITER ;;\nALTER DATABASE CHARACTER SET a COLLATE b ;;\n"
              "ALTER DATABASE `x` CHARACTER SET a COLLATE b ;\nDELIMITER ;\n");
}

TEST(MysqlLoadFilter, LeavesOutWhatOnlyAnAdministratorOfReplicasMay) {
    EXPECT_EQ(filtered("SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;\nSET @@SESSION.SQL_LOG_BIN= 0;\n"
                       "SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-5,\nb:1-7';\nSELECT 1;\n",
                       {}, 3),
              "SELECT 1;\n");
}

TEST(MysqlLoadFilter, TheSandboxLineGoesOnlyWhereTheClientDoesNotKnowIt) {
    EXPECT_THAT(filtered(kDump, {.withoutSandboxLine = true}), Not(HasSubstr("sandbox")));
    EXPECT_EQ(filtered("SELECT 1;\n", {.withoutSandboxLine = true}), "SELECT 1;\n");
}

TEST(MysqlLoadFilter, EventsOfATrialDoNotRun) {
    const std::string event =
        "DELIMITER ;;\n/*!50106 CREATE*/ /*!50117 DEFINER=`a`@`b`*/ /*!50106 EVENT `e` ON SCHEDULE EVERY "
        "1 DAY ON COMPLETION NOT PRESERVE ENABLE DO SELECT 1 */ ;;\nDELIMITER ;\n";
    EXPECT_THAT(filtered(event, {.withoutSandboxLine = false, .eventsDisabled = true}),
                HasSubstr("NOT PRESERVE DISABLE DO SELECT 1"));
    EXPECT_THAT(filtered("DELIMITER ;;\nCREATE DEFINER=`a`@`b` EVENT `e` ON SCHEDULE EVERY 1 DAY ON "
                         "COMPLETION PRESERVE ENABLE "
                         "DO SELECT 1\n;;\nDELIMITER ;\n",
                         {.withoutSandboxLine = false, .eventsDisabled = true}),
                HasSubstr(" PRESERVE DISABLE DO"));
    EXPECT_EQ(filtered(event), event);
}

TEST(MysqlLoadFilter, NamesDefiners) {
    mysql::LoadFilter filter({}, [](std::string_view) {});
    filter.read(kDump);
    EXPECT_THAT(filter.definers(), ElementsAre("it's@%"));
}

TEST(MysqlAccounts, OnlyThoseThatDoNotExistPass) {
    const std::string dump =
        "SET x;\nCREATE USER IF NOT EXISTS `old`@`%` IDENTIFIED BY PASSWORD '*A';\n"
        "CREATE USER IF NOT EXISTS `new`@`%`;\n/*M!100005 CREATE ROLE IF NOT EXISTS 'role' WITH ADMIN x */;\n"
        "GRANT SELECT ON *.* TO `old`@`%` IDENTIFIED BY PASSWORD '*A';\nGRANT `role` TO `new`@`%`;\n"
        "GRANT INSERT ON ` TO `.* TO `role`;\n/*M!100005 SET DEFAULT ROLE NONE FOR 'old'@'%' */;\n"
        "/*!80001 ALTER USER 'new'@'%' DEFAULT ROLE NONE */;\n";
    std::set<std::string> left;
    std::set<std::string> created;
    EXPECT_EQ(mysql::withoutAccounts(dump, {"old@%", "role"}, left, created),
              "SET x;\nCREATE USER IF NOT EXISTS `new`@`%`;\nGRANT `role` TO `new`@`%`;\n"
              "/*!80001 ALTER USER 'new'@'%' DEFAULT ROLE NONE */;\n");
    EXPECT_THAT(left, ElementsAre("old@%", "role"));
    EXPECT_THAT(created, ElementsAre("new@%"));
}

TEST(MysqlText, ADumpIsWholeOnlyWithItsLastLine) {
    EXPECT_TRUE(mysql::endsWhole("x;\n\n-- Dump completed\n"));
    EXPECT_TRUE(mysql::endsWhole("x;\n-- Dump completed on 2024-01-01 \r\n"));
    EXPECT_FALSE(mysql::endsWhole("-- Dump completed\nINSERT"));
    EXPECT_FALSE(mysql::endsWhole("'-- Dump completed"));
    EXPECT_FALSE(mysql::endsWhole(""));
}

TEST(MysqlText, FieldsOfAClientAreReadAsTheyWere) {
    EXPECT_THAT(mysql::batchFields("a\\tb\t\\\\n\t\tx\\n"), ElementsAre("a\tb", "\\n", "", "x\n"));
}
} // namespace
