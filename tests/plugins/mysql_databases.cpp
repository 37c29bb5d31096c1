#include <sstream>

#include "plugins/mysql_server.h"

namespace test {
namespace {
constexpr const char* kAwkward = R"sql(
SET NAMES utf8mb4;
CREATE TABLE every_type (
  id INT PRIMARY KEY AUTO_INCREMENT, t TINYINT(1), u BIGINT UNSIGNED, d DECIMAL(30,10), f FLOAT, g DOUBLE,
  b BIT(12), e ENUM('a','it''s','ü'), s SET('x','y','z'), j JSON, bi BINARY(4), vb VARBINARY(300), bl LONGBLOB,
  tx LONGTEXT, la VARCHAR(100) CHARACTER SET latin1, u4 VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  p POINT, geo GEOMETRY, dt DATETIME(6), ts TIMESTAMP(6) NULL, da DATE, ti TIME(3), y YEAR, uu UUID, ip INET6,
  hidden INT INVISIBLE DEFAULT 7, stored INT AS (t * 2) STORED, virt VARCHAR(20) AS (CONCAT('v', t)) VIRTUAL,
  CONSTRAINT positive CHECK (t >= 0)) DEFAULT CHARSET=utf8mb4 COMMENT='it''s; (a) "comment"\nwith `two` lines';
SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO';
INSERT INTO every_type (id,t,u,d,f,g,b,e,s,j,bi,vb,bl,tx,la,u4,p,geo,dt,ts,da,ti,y,uu,ip,hidden) VALUES
 (0,1,18446744073709551615,12345678901234567890.0123456789,1.5,0.1,b'101010101010','it''s','x,z','{"a": [1, "ü"]}',
  X'00FF0001',X'000102030405060708090A0D1A1B5C27220080FF',X'00',CONCAT('a''b"c\\d\ne\tf\rg',CHAR(0),CHAR(26),');(',X'2C2C','--'),
  'é€ß','😀 ünï',POINT(1.5,-2),ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))'),'2024-02-29 23:59:59.123456',
  '2024-10-27 00:30:00.654321','9999-12-31','-838:59:59.000',2155,'123e4567-e89b-12d3-a456-426614174000','::1',1),
 (5,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
 (6,0,0,-0.0000000001,-1.5,-1e300,b'0','','','[]',X'00000000','','','','','',NULL,NULL,'0000-00-00 00:00:00',
  '1970-01-02 00:00:01','0000-00-00','00:00:00',0,NULL,NULL,NULL),
 (7,0,0,0,0,0,b'1','ü','y','"x"',X'5C5C5C5C',REPEAT(X'00',300),REPEAT(X'0027225C0A',4000),REPEAT('\\''),(',3000),'\\','\\',
  NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
CREATE TABLE z_parent (id INT PRIMARY KEY, `na``me (x)` VARCHAR(20)) ENGINE=InnoDB;
CREATE TABLE a_child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES z_parent (id) ON DELETE CASCADE);
INSERT INTO z_parent VALUES (1,'one'),(2,'tw`o');
INSERT INTO a_child VALUES (10,1),(11,2),(12,NULL);
CREATE TABLE `--table` (a INT); INSERT INTO `--table` VALUES (1);
CREATE TABLE `back``tick 'quote' "double"` (`co``l` TEXT, `select` INT);
INSERT INTO `back``tick 'quote' "double"` VALUES ('x;\nINSERT INTO `fake` VALUES (1),(2);\n',1),('DELIMITER ;;\n',2);
CREATE TABLE `ünï tab` (a INT) ENGINE=MyISAM; INSERT INTO `ünï tab` VALUES (1),(2),(3);
CREATE TABLE aria (a INT) ENGINE=Aria TRANSACTIONAL=0; INSERT INTO aria VALUES (4);
CREATE TABLE empty_one (a INT);
CREATE TABLE parts (id INT, d DATE, PRIMARY KEY (id, d)) PARTITION BY RANGE (YEAR(d))
  (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parts VALUES (1,'1999-01-01'),(2,'2020-01-01');
CREATE TABLE versioned (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING;
INSERT INTO versioned VALUES (1,1),(2,2); UPDATE versioned SET v=9 WHERE id=1; DELETE FROM versioned WHERE id=2;
CREATE SEQUENCE numbers START WITH 100 INCREMENT BY 5; SELECT NEXTVAL(numbers);
CREATE VIEW m_below AS SELECT id, 'a;\nb' AS text FROM z_parent;
CREATE VIEW b_above AS SELECT COUNT(*) AS n FROM m_below;
CREATE DEFINER=`ghost`@`nowhere` VIEW ghostly AS SELECT 1 AS one;
CREATE TABLE log (t TEXT);
DELIMITER ;;
CREATE TRIGGER after_parent AFTER INSERT ON z_parent FOR EACH ROW BEGIN
-- it's a comment; with "quotes
INSERT INTO `log` VALUES ('a'),('b');
INSERT INTO log VALUES (CONCAT('new ', NEW.id, ';'));
END;;
CREATE PROCEDURE `do it's` (IN a INT) COMMENT 'it''s' BEGIN
INSERT INTO `log` VALUES ('c'),('d');
SELECT a; END;;
CREATE DEFINER=`ghost`@`nowhere` FUNCTION twice(a INT) RETURNS INT DETERMINISTIC RETURN a * 2;;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE
  DO INSERT INTO log VALUES ('night; ');;
CREATE EVENT sleeping ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE DO SELECT 1;;
DELIMITER ;
)sql";

std::vector<std::vector<std::string>> table(const std::string& text) {
    std::vector<std::vector<std::string>> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        auto& row = out.emplace_back();
        std::istringstream fields(line);
        for (std::string field; std::getline(fields, field, '\t');)
            row.push_back(field);
    }
    return out;
}

/// A literal for a text that HEX() gave.
std::string fromHex(const std::string& hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}
} // namespace

void makeAwkwardDatabase(MysqlServer& server, const std::string& database) {
    const auto name = quotedName(database);
    server.sql("DROP DATABASE IF EXISTS " + name + "; CREATE DATABASE " + name +
               " CHARACTER SET latin1 COLLATE latin1_german1_ci;");
    server.sql(kAwkward, database);
    // What was made before remembers the old collation.
    server.sql("ALTER DATABASE " + name + " CHARACTER SET utf8mb4 COLLATE utf8mb4_swedish_ci;");
}

std::string describeDatabase(MysqlServer& server, const std::string& database) {
    std::string hex;
    static constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char sign : database) {
        hex += kDigits[static_cast<unsigned char>(sign) >> 4U];
        hex += kDigits[static_cast<unsigned char>(sign) & 15U];
    }
    const auto schema = "CONVERT(X'" + hex + "' USING utf8mb4)";
    std::string queries;
    for (const auto& row : table(server.sql(
             "SELECT HEX(TABLE_NAME), TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA=" +
             schema + " ORDER BY 1;"))) {
        const auto name = quotedName(fromHex(row[0]));
        queries += "SHOW CREATE " + std::string(row[1] == "VIEW" ? "VIEW " : "TABLE ") + name + ";\n";
        if (row[1] == "VIEW" || row[1] == "SEQUENCE") {
            if (name != "`ghostly`") // its definer does not exist
                queries += "SELECT * FROM " + name + ";\n";
            continue;
        }
        std::string columns;
        for (const auto& column :
             table(server.sql("SELECT HEX(COLUMN_NAME) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=" +
                              schema + " AND HEX(TABLE_NAME)='" + row[0] + "' ORDER BY ORDINAL_POSITION;")))
            columns += ",COALESCE(HEX(" + quotedName(fromHex(column[0])) + "),'NULL')";
        queries += "SELECT MD5(CONCAT_WS('|'" + columns + ")) FROM " + name +
                   (row[1] == "SYSTEM VERSIONED" ? " FOR SYSTEM_TIME ALL" : "") + " ORDER BY 1;\n";
    }
    for (const auto& row : table(server.sql(
             "SELECT HEX(ROUTINE_NAME), ROUTINE_TYPE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA=" +
             schema + " ORDER BY 1;")))
        queries += "SHOW CREATE " + row[1] + " " + quotedName(fromHex(row[0])) + ";\n";
    for (const auto& row : table(
             server.sql("SELECT HEX(EVENT_NAME) FROM information_schema.EVENTS WHERE EVENT_SCHEMA=" + schema +
                        " ORDER BY 1;")))
        queries += "SHOW CREATE EVENT " + quotedName(fromHex(row[0])) + ";\n";
    queries += "SELECT TRIGGER_NAME, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_STATEMENT, "
               "ACTION_TIMING, SQL_MODE, "
               "DEFINER, DATABASE_COLLATION FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA=" +
               schema + " ORDER BY 1;\nSELECT @@character_set_database, @@collation_database;\n";
    return server.sql(queries, database);
}

} // namespace test
