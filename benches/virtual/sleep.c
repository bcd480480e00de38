/* sleep CASE SECONDS: one of the seed's three cases. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double seconds;

static void *worker(void *unused) {
    puts("Thread 1 : starting");
    if (seconds > 0) usleep((useconds_t)(seconds * 1e6));
    puts("Thread 1 : finishing");
    return unused;
}

int main(int argc, char **argv) {
    pthread_t thread;
    seconds = atof(argv[2]);
    pthread_create(&thread, NULL, worker, NULL);
    if (!strcmp(argv[1], "join")) pthread_join(thread, NULL);
    puts("Main : all done");
    if (!strcmp(argv[1], "non_daemon")) pthread_exit(NULL);
    return 0;
}
