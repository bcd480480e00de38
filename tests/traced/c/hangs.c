/* hangs HOW: a process that waits for what will never come, or sleeps for longer than anybody waits. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, two = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void both(pthread_mutex_t *first, pthread_mutex_t *second) {
    pthread_mutex_lock(first);
    usleep(100000);
    pthread_mutex_lock(second);
}

static void *other_way(void *unused) { both(&two, &one); return unused; }
static void *waits(void *unused) { pthread_mutex_lock(&one); return unused; }

int main(int argc, char **argv) {
    const char *how = argv[1];
    pthread_t thread;
    char byte;
    int ends[2];
    if (!strcmp(how, "locks")) {
        pthread_create(&thread, NULL, other_way, NULL);
        both(&one, &two);
    } else if (!strcmp(how, "join")) {
        pthread_mutex_lock(&one);
        pthread_create(&thread, NULL, waits, NULL);
        pthread_join(thread, NULL);
    } else if (!strcmp(how, "pipe")) {
        if (pipe(ends) || read(ends[0], &byte, 1) != 1) return 1;
    } else if (!strcmp(how, "cond")) {
        pthread_mutex_lock(&one);
        pthread_cond_wait(&cond, &one);
    } else if (!strcmp(how, "sleep")) {
        sleep(10000);
    }
    return 0;
}
