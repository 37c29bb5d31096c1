#pragma once

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/process.h"

namespace test {

/// A certificate and its key, in PEM files.
struct CertificateFiles {
    std::string certificate;
    std::string key;
};

/// Runs a program of the system to its end.
inline core::ProcessResult runTool(const std::string& program, std::vector<std::string> arguments,
                                   const std::filesystem::path& input = {}) {
    core::ProcessSpec spec;
    spec.program = program;
    spec.arguments = std::move(arguments);
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    if (!input.empty())
        spec.standardInput = core::ProcessInput::fromFile(input);
    spec.standardOutput = core::ProcessOutput::capture();
    spec.standardError = core::ProcessOutput::capture();
    spec.timeout = std::chrono::seconds(60);
    return core::SystemProcessRunner().run(spec).value();
}

struct CertificateOptions {
    const CertificateFiles* issuer = nullptr; ///< null: signed by itself
    std::string names = "IP:127.0.0.1,DNS:localhost";
    std::string algorithm = "ec"; ///< or "rsa:2048"
    int days = 30;                ///< from now on; below 0 it has ended
};

/// Makes NAME.crt and NAME.key in the folder.
inline CertificateFiles makeCertificate(const std::filesystem::path& folder, const std::string& name,
                                        const CertificateOptions& options = {}) {
    CertificateFiles made{(folder / (name + ".crt")).string(), (folder / (name + ".key")).string()};
    std::vector<std::string> arguments{"req",
                                       "-x509",
                                       "-newkey",
                                       options.algorithm,
                                       "-nodes",
                                       "-days",
                                       std::to_string(std::max(options.days, 1)),
                                       "-subj",
                                       "/CN=" + name,
                                       "-addext",
                                       "subjectAltName=" + options.names,
                                       "-keyout",
                                       made.key,
                                       "-out",
                                       made.certificate};
    if (options.algorithm == "ec")
        arguments.insert(arguments.end(), {"-pkeyopt", "ec_paramgen_curve:P-256"});
    if (options.issuer != nullptr)
        arguments.insert(arguments.end(), {"-CA", options.issuer->certificate, "-CAkey", options.issuer->key,
                                           "-addext", "basicConstraints=critical,CA:FALSE"});
    const auto result = runTool("openssl", std::move(arguments));
    if (!result.exit.ok())
        throw std::runtime_error("openssl req: " + result.error);
    if (options.days < 1) { // `req` makes none that has ended
        const auto ended = runTool("openssl", {"x509", "-in", made.certificate, "-signkey", made.key, "-days",
                                               std::to_string(options.days), "-out", made.certificate});
        if (!ended.exit.ok())
            throw std::runtime_error("openssl x509: " + ended.error);
    }
    return made;
}

} // namespace test
