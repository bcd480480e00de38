/* sleeps [leave]: a line each, before and after a sleep of 2 s in main, which may leave, and in a thread. */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void *thread(void *unused) {
    usleep(500000);
    puts("thread");
    return unused;
}

int main(int argc, char **argv) {
    struct timespec before, after;
    pthread_t t;
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("begin");
    pthread_create(&t, NULL, thread, NULL);
    if (argc > 1) pthread_exit(NULL);
    clock_gettime(CLOCK_MONOTONIC, &before);
    sleep(2);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("slept %ld ms\n", ((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec) / 1000000);
    pthread_join(t, NULL);
    return 0;
}
