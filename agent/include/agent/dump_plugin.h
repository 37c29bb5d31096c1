#ifndef AGENT_DUMP_PLUGIN_H
#define AGENT_DUMP_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/*
 * The boundary between the agent and a dump plugin: C tables. A plugin is a shared library that exports one
 * function, agent_plugin_v1(), beside a manifest of the same name (NAME.so, NAME.json). The agent never loads
 * it: each step runs in a process of its own, which loads the library, calls one function and ends. What
 * crashes, hangs or leaks there ends with its step.
 *
 * Texts are UTF-8 and end with NUL. Whoever is given a pointer may read it until the call returns, and copies
 * what it wants to keep; nothing is freed by the other side. Fields are only ever appended: `size` tells how
 * many the other side knows.
 *
 * A step runs on one thread. The functions of agent_host may be called from any thread of the process until
 * the step returns. C++ exceptions must not leave a function of the plugin.
 */

/* Changes whenever a plugin built before would be misread. */
#define AGENT_PLUGIN_ABI 1

#ifdef __cplusplus
extern "C" {
#endif

enum agent_log_level { AGENT_LOG_DEBUG = 0, AGENT_LOG_INFO = 1, AGENT_LOG_WARN = 2, AGENT_LOG_ERROR = 3 };

/* A program that a step runs. It gets no shell: each argument arrives as it is. */
struct agent_tool {
    uint32_t size; /* sizeof(struct agent_tool) */
    /* The program, an absolute path or a name that is looked up in PATH, then its arguments; ends with NULL.
       Never a secret: every user of the machine can read them. */
    const char* const* arguments;
    /* "NAME=value", beside PATH, HOME and LC_ALL=C; ends with NULL. NULL: none. The agent's own environment
       is not passed on. */
    const char* const* environment;
    /* What it reads: an open descriptor, or -1 for the text below. */
    int input_fd;
    const char* input; /* NULL: nothing */
    size_t input_size;
    /* Where its output goes: an open descriptor, or -1 to have the first MiB of it in agent_tool_end. */
    int output_fd;
    /* 0: as long as the step may take. */
    uint32_t timeout_seconds;
};

/* How a program ended. The texts are valid until the next run() of the step on the same thread. */
struct agent_tool_end {
    uint32_t size; /* sizeof(struct agent_tool_end), set by the plugin */
    int started;   /* 0: it could not be started, error says why */
    int exit_code; /* of one that no signal ended */
    int signal;    /* 0: none */
    int timed_out;
    const char* output; /* with output_fd -1 */
    size_t output_size;
    const char* error; /* the last 64 KiB of its error output, or why it could not be started */
    size_t error_size;
};

/* What the agent does for a step. */
struct agent_host {
    uint32_t size;
    void* context; /* the first argument of every function */
    /* A line of the task's log. Long lines are cut, and after 10,000 lines the rest is left out. */
    void (*log)(void* context, int level, const char* text);
    /* The step's result, a JSON object as docs/plugin-sdk.md describes it; the last one counts. At most
       4 MiB. */
    void (*answer)(void* context, const char* json);
    /* Why the step fails: a sentence that says what happened to what, and what to do (may be NULL). Without
       secrets. The first one counts; the step then returns something other than 0. */
    void (*fail)(void* context, const char* message, const char* hint);
    /* That the step advances: bytes done, and to do (0: unknown). A step that neither says so nor writes to
       its stream for the agent's dumps.stall_timeout is ended. */
    void (*progress)(void* context, uint64_t done, uint64_t total);
    /* Not 0 when the step should end early: cancelled, or the agent ends. Programs that run are ended by the
       agent. */
    int (*stopped)(void* context);
    /* The path of a file in memory with this content, readable for this user until the step ends: passwords
       for programs that take a file. NULL if there is no room. The path is valid as long as the step. */
    const char* (*secret_file)(void* context, const char* content);
    /* Runs a program to its end. 0 if it ended with exit code 0. It is ended with the step. */
    int (*run)(void* context, const struct agent_tool* tool, struct agent_tool_end* end);
};

/* One call. */
struct agent_step {
    uint32_t size;
    const struct agent_host* host;
    /* A JSON object, valid by the manifest's schema, with secrets. */
    const char* settings;
    /* dump, restore, verify: the item, as probe() answered it; else "{}". */
    const char* item;
    /* restore: {"database": the name under which it is to stand, "replace": whether one of that name is
       replaced}; else "{}". */
    const char* options;
    /* after: "success", "warning", "failed" or "cancelled"; else "". */
    const char* outcome;
    /* An empty folder (0700) for this step; it is removed afterwards. */
    const char* work_folder;
    /* The plugin's own folder (0700), the same for all steps: what must survive a crash, such as what is to
       be started again. */
    const char* state_folder;
    /* An item with "kind":"stream", or without a kind. dump: where it is written to, a pipe or a file, never
       to be gone back in. restore, verify: where it is read from. Else -1. The end of the stream is the end
       of the dump. */
    int stream;
    /* An item with "kind":"files": the folder that the dump is written into, empty, or is read from. Else "".
     */
    const char* folder;
};

/* A step: 0 for well done, anything else has failed. Absent ones (NULL) are well done. */
typedef int (*agent_step_function)(const struct agent_step* step);

struct agent_plugin {
    uint32_t size;       /* sizeof(struct agent_plugin) */
    uint32_t abi;        /* AGENT_PLUGIN_ABI */
    const char* name;    /* as in the manifest */
    const char* version; /* as in the manifest */
    /* Whether the settings can be used, without a look at the server: what the schema cannot say. */
    agent_step_function validate;
    /* Looks at the server: what there is to dump, and what is in the way. Changes nothing. Needed. */
    agent_step_function probe;
    /* Dumps one item. Needed. */
    agent_step_function dump;
    /* After the last dump of a run, whatever became of it. */
    agent_step_function after;
    /* Puts right what a step that was cut off left behind; at the end of each run, and at the agent's next
       start after a crash. Doing it twice does no harm, nor while steps of another run work: what those have
       is left alone. */
    agent_step_function cleanup;
    /* Brings one item back from its dump. */
    agent_step_function restore;
    /* Tries a dump: restores it into something that it starts and removes, and answers what was found. */
    agent_step_function verify;
};

/* The only symbol that a plugin exports. The table lives as long as the library. */
typedef const struct agent_plugin* (*agent_plugin_entry)(void);
#define AGENT_PLUGIN_ENTRY "agent_plugin_v1"

#ifdef __cplusplus
}
#define AGENT_PLUGIN_EXTERN extern "C" __attribute__((visibility("default")))
#else
#define AGENT_PLUGIN_EXTERN __attribute__((visibility("default")))
#endif

#endif
