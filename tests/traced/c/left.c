/* left CALL [briefly]: what CALL (select, pselect, ppoll: the system calls themselves, of which the C library hides some) leaves of its timeout of 3 s,
 * in ms: if there is something to read at once, after half a second, after a signal of then, with an error, or never; if the timeout is in
 * memory that may not be written; and, unless briefly, how long a loop takes that goes on with what is left after each of its signals. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char *call;
static int ends[2];
static pthread_t main_thread;
/* Seconds, and micro- or nanoseconds beyond. */
typedef struct { long seconds, rest; } left_t;

static long ms(const left_t *left) { return left->seconds * 1000 + left->rest / (strcmp(call, "select") ? 1000000 : 1000); }

static int await(int fd, left_t *left) {
    fd_set fds;
    struct pollfd one = {fd, POLLIN, 0};
    FD_ZERO(&fds);
    FD_SET(fd, &fds);
    if (!strcmp(call, "ppoll")) return syscall(SYS_ppoll, &one, 1, left, NULL, 8);
    if (!strcmp(call, "pselect")) return syscall(SYS_pselect6, fd + 1, &fds, NULL, NULL, left, NULL);
    return syscall(SYS_select, fd + 1, &fds, NULL, NULL, left);
}

static void say(const char *what, int result, const left_t *left) {
    printf("%s: %s, %ld left\n", what, result < 0 ? (errno == EINTR ? "interrupted" : "error") : result ? "came" : "over", ms(left));
}

static void on_signal(int signal) { (void)signal; }

static void *later(void *with_signal) {
    usleep(500000);
    if (with_signal) pthread_kill(main_thread, SIGUSR1);
    else if (write(ends[1], "x", 1) != 1) exit(3);
    return NULL;
}

static void during(const char *what, void *with_signal) {
    left_t left = {3, 0};
    pthread_t thread;
    pthread_create(&thread, NULL, later, with_signal);
    say(what, await(ends[0], &left), &left);
    pthread_join(thread, NULL);
}

static long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

int main(int argc, char **argv) {
    left_t left = {3, 0}, none = {0, 0};
    struct itimerval every = {{0, 400000}, {0, 400000}}, off = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = on_signal};
    char byte;
    call = argv[1];
    main_thread = pthread_self();
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    if (pipe(ends) || write(ends[1], "x", 1) != 1) return 1;
    say("at once", await(ends[0], &left), &left);
    if (read(ends[0], &byte, 1) != 1) return 1;
    say("no time", await(ends[0], &none), &none);
    during("later", NULL);
    if (read(ends[0], &byte, 1) != 1) return 1;
    during("signal", &every);
    left = (left_t){3, 0};
    say("never", await(ends[0], &left), &left);
    left_t *constant = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    constant->seconds = 1;
    mprotect(constant, 4096, PROT_READ);
    say("constant", await(ends[0], constant), constant);
    if (argc > 2) return 0;
    /* 400, 800, … 2800 ms are signals. */
    long begun = now(), signals = 0;
    int result;
    left = (left_t){3, 0};
    setitimer(ITIMER_REAL, &every, NULL);
    while ((result = await(ends[0], &left)) < 0) signals++;
    setitimer(ITIMER_REAL, &off, NULL);
    printf("loop: %d after %ld signals and %ld ms\n", result, signals, (now() - begun) / 100 * 100);
    /* Nothing is lost in between: there is something to read after the second signal. */
    pthread_t thread;
    left = (left_t){3, 0};
    setitimer(ITIMER_REAL, &every, NULL);
    pthread_create(&thread, NULL, later, NULL);
    for (signals = 0; (result = await(ends[0], &left)) < 0;) signals++;
    setitimer(ITIMER_REAL, &off, NULL);
    pthread_join(thread, NULL);
    printf("loop: %d after %ld signals, ", result, signals);
    say("woken", result, &left);
    return 0;
}
