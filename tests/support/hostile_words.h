#pragma once

#include <string>
#include <vector>

namespace test {

/// What turns a value into an option or a command where a program takes it for more than a value. Each that
/// is obeyed makes the file.
inline std::vector<std::string> hostileWords(const std::string& file) {
    using namespace std::string_literals;
    return {"--password-command=touch "s + file,
            "-o",
            "-o sftp.command='touch "s + file + "'",
            "--",
            "\n--password-command=touch "s + file,
            "x\n--password-command=touch "s + file,
            "-oProxyCommand=touch "s + file,
            "x -oProxyCommand=touch "s + file,
            "x' -oProxyCommand='touch "s + file + "' '",
            "x\" -oProxyCommand=\"touch "s + file,
            ";touch "s + file,
            "x;touch "s + file,
            "$(touch "s + file + ")",
            "`touch "s + file + "`",
            "x|touch "s + file,
            "x\0--password-command=touch "s.append(file),
            "x\r\nA: b"s,
            "\u202e--x"s,
            "x\u202egnp"s,
            "../../../etc/x"s,
            "%n%s"s,
            "\x1b[2J"s};
}

} // namespace test
