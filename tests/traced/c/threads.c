/* threads RETURNING DAEMONS HOW: so many threads that return, and so many that are still asleep when the process ends by HOW. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *returning(void *unused) { return unused; }
static void *daemon_(void *unused) { for (;;) pause(); return unused; }
static void *executing(void *unused) { execl("/bin/echo", "echo", "executed", (char *)NULL); return unused; }
static void *exiting(void *unused) { exit(3); return unused; }

int main(int argc, char **argv) {
    int count = atoi(argv[1]), daemons = atoi(argv[2]);
    const char *how = argc > 3 ? argv[3] : "return";
    pthread_t thread;
    for (int i = 0; i < daemons; i++) pthread_create(&thread, NULL, daemon_, NULL);
    for (int i = 0; i < count; i++) {
        pthread_create(&thread, NULL, returning, NULL);
        pthread_join(thread, NULL);
    }
    if (!strcmp(how, "signal")) raise(SIGKILL);
    if (!strcmp(how, "exec")) execl("/bin/true", "true", (char *)NULL);
    if (!strcmp(how, "stay")) pause();
    if (!strcmp(how, "exec-in-thread")) {
        pthread_create(&thread, NULL, executing, NULL);
        pause();
    }
    if (!strcmp(how, "thread")) {
        pthread_create(&thread, NULL, exiting, NULL);
        pause();
    }
    return 0;
}
