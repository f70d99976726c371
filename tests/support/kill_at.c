/* Runs a program and kills it as it enters its n-th call that changes something below a folder.
 *
 *   kill_at FOLDER N REPORT PROGRAM [ARGUMENT...]
 *
 * strace counts the calls of each thread; here they are counted over all of them, so that every state
 * the program goes through on the disk is met. REPORT tells how many calls there were, and the last.
 * Ends as the program did: with its exit code, or of SIGKILL. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* From linux/ptrace.h, which does not go together with sys/ptrace.h everywhere. */
#define GET_SYSCALL_INFO 0x420e
#define ENTRY 1
struct info {
    uint8_t op, pad[3];
    uint32_t arch;
    uint64_t instruction_pointer, stack_pointer, nr, args[6];
    uint64_t more[4];
};

struct call {
    long nr;
    const char *name;
};

/* Calls that change the disk by a name. */
static const struct call by_name[] = {
#ifdef SYS_rename
    {SYS_rename, "rename"},   {SYS_link, "link"},   {SYS_symlink, "symlink"},
    {SYS_unlink, "unlink"},   {SYS_rmdir, "rmdir"}, {SYS_mkdir, "mkdir"},
    {SYS_chmod, "chmod"},
#endif
#ifdef SYS_renameat
    {SYS_renameat, "renameat"},
#endif
    {SYS_renameat2, "renameat2"}, {SYS_linkat, "linkat"},     {SYS_symlinkat, "symlinkat"},
    {SYS_unlinkat, "unlinkat"},   {SYS_mkdirat, "mkdirat"},   {SYS_fchmodat, "fchmodat"},
    {SYS_truncate, "truncate"},   {SYS_utimensat, "utimensat"},
};

/* Calls that change an open file, or make it last. */
static const struct call by_file[] = {
    {SYS_write, "write"},         {SYS_writev, "writev"},     {SYS_pwrite64, "pwrite64"},
    {SYS_pwritev, "pwritev"},     {SYS_pwritev2, "pwritev2"}, {SYS_ftruncate, "ftruncate"},
    {SYS_fallocate, "fallocate"}, {SYS_fchmod, "fchmod"},     {SYS_fsync, "fsync"},
    {SYS_fdatasync, "fdatasync"}, {SYS_copy_file_range, "copy_file_range"},
};

static const char *find(const struct call *calls, size_t count, uint64_t nr)
{
    for (size_t i = 0; i < count; i++)
        if ((uint64_t)calls[i].nr == nr)
            return calls[i].name;
    return NULL;
}

/* Describes the call that a thread is about to make, if it changes something below the folder. */
static int changes(pid_t thread, const char *folder, char *text, size_t size)
{
    struct info info = {0};
    if (ptrace(GET_SYSCALL_INFO, thread, (void *)sizeof info, &info) < 0 || info.op != ENTRY)
        return 0;
    const char *name = find(by_name, sizeof by_name / sizeof *by_name, info.nr);
    if (!name && info.nr == SYS_openat && (info.args[2] & O_CREAT))
        name = "openat with O_CREAT";
    if (name)
        return snprintf(text, size, "%s", name), 1;
    name = find(by_file, sizeof by_file / sizeof *by_file, info.nr);
    if (!name)
        return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", thread, (int)info.args[0]);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || strncmp(path, folder, strlen(folder)) != 0)
        return 0;
    path[length] = 0;
    return snprintf(text, size, "%s to %s", name, path), 1;
}

static void report(const char *path, unsigned long calls, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file)
        exit(99);
    fprintf(file, "%lu %s\n", calls, text);
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 99;
    unsigned long nth = strtoul(argv[2], NULL, 10), calls = 0;
    char text[PATH_MAX + 64] = "";
    pid_t program = fork();
    if (program == 0) {
        raise(SIGSTOP);
        execv(argv[4], argv + 4);
        _exit(99);
    }
    int status;
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (waitpid(program, &status, WUNTRACED) < 0 || ptrace(PTRACE_SEIZE, program, 0, options) < 0)
        return kill(program, SIGKILL), 99;
    ptrace(PTRACE_INTERRUPT, program, 0, 0);
    kill(program, SIGCONT);
    for (;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0)
            return 99;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (thread != program)
                continue;
            report(argv[3], calls, text);
            if (WIFEXITED(status))
                return WEXITSTATUS(status);
            raise(WTERMSIG(status));
            return 99;
        }
        int signal = WSTOPSIG(status), event = status >> 16;
        if (signal == (SIGTRAP | 0x80)) {
            char call[sizeof text];
            if (changes(thread, argv[1], call, sizeof call)) {
                memcpy(text, call, sizeof text);
                if (++calls == nth)
                    kill(program, SIGKILL);
            }
            signal = 0;
        } else if (event != 0 || signal == SIGTRAP) {
            signal = 0;
        }
        /* One that was killed meanwhile has no next stop. */
        ptrace(PTRACE_SYSCALL, thread, 0, signal);
    }
}
