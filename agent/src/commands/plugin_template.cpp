#include "commands/plugin_template.h"

#include "core/template_folder.h"
#include "plugins/plugin_file.h"

namespace agent {

void writePluginTemplate(const std::string& name, const std::string& folder) {
    if (const auto problem = core::judgeTemplateName("plugin", name))
        throw core::Error(errors::kPlugin, *problem);
    const auto prefix = ownProgram().parent_path().parent_path();
    core::writeTemplate(prefix / "share/restic-agent/plugin_template", name, folder);
}

} // namespace agent
