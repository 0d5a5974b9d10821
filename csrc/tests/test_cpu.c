/* Picking the level: by the machine, by FASTNET_CPU, and from many threads at once. */
#include "fastnet/cpu.h"

#include <pthread.h>
#include <sys/wait.h>

#include "check.h"

static void *ask(void *seen) {
    *(fn_cpu_level *)seen = fn_cpu();
    return NULL;
}

/* The level a fresh process finds with this in its environment; threads that all ask first agree. */
static fn_cpu_level found_with(const char *wanted) {
    pid_t child = fork();
    CHECK(child >= 0, "fork");
    if (child == 0) {
        pthread_t threads[8];
        fn_cpu_level seen[8];
        if (wanted) setenv("FASTNET_CPU", wanted, 1);
        else unsetenv("FASTNET_CPU");
        for (int i = 0; i < 8; i++) CHECK(pthread_create(&threads[i], NULL, ask, &seen[i]) == 0, "thread");
        for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
        for (int i = 0; i < 8; i++) CHECK(seen[i] == seen[0], "thread %d saw %d", i, (int)seen[i]);
        _exit((int)seen[0]);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status), "child");
    return (fn_cpu_level)WEXITSTATUS(status);
}

int main(void) {
    fn_cpu_level best = found_with(NULL);
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        int supported = fn_cpu_supported((fn_cpu_level)level);
        CHECK(!supported || level <= (int)best, "%s is above the best", fn_cpu_name((fn_cpu_level)level));
        fn_cpu_level found = found_with(fn_cpu_name((fn_cpu_level)level));
        CHECK(found == (supported ? (fn_cpu_level)level : best), "asked for %s, got %s",
              fn_cpu_name((fn_cpu_level)level), fn_cpu_name(found));
    }
    CHECK(found_with("") == best && found_with("fast") == best, "a name nobody knows");
    for (int level = 0; level < FN_CPU_COUNT; level++) {
        int supported = fn_cpu_supported((fn_cpu_level)level);
        CHECK((fn_cpu_force((fn_cpu_level)level) == 0) == (supported != 0), "force %d", level);
        CHECK(!supported || fn_cpu() == (fn_cpu_level)level, "forced %d", level);
    }
    CHECK(strcmp(fn_cpu_name(FN_CPU_SCALAR), "scalar") == 0, "name");
    CHECK(strcmp(fn_cpu_name(FN_CPU_COUNT), "unknown") == 0, "name of none");
    return 0;
}
