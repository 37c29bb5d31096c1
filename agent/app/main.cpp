#include "commands/commands.h"

int main(int argc, char** argv) {
    return agent::agentMain(argc, argv);
}
