/* ring KIND: a token goes round by KIND, beside a bomb that sleeps for a second. Whoever takes the ring to rest while the token is on
 * its way lets the bomb go off before `done`. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PLACES = 6 };

static int rounds = 60;

static const char *kind;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t conds[PLACES];
static int has[PLACES];
static int in[PLACES], out[PLACES];
static pthread_t threads[PLACES];
static struct sockaddr_in addresses[PLACES];
static timer_t timers[PLACES];
static const struct itimerspec soon = {.it_value = {0, 1000}};

static int is(const char *name) { return !strcmp(kind, name); }
static void fail(const char *what) { perror(what); _exit(3); }

static void pass(int to) {
    uint64_t one = 1;
    if (is("cond") || is("timed-cond")) {
        pthread_mutex_lock(&lock);
        has[to] = 1;
        pthread_cond_signal(&conds[to]);
        pthread_mutex_unlock(&lock);
    } else if (is("signal")) {
        pthread_kill(threads[to], SIGUSR1);
    } else if (is("timerfd")) {
        if (timerfd_settime(out[to], 0, &soon, NULL)) fail("timerfd_settime");
    } else if (is("timer")) {
        if (timer_settime(timers[to], 0, &soon, NULL)) fail("timer_settime");
    } else if (is("udp")) {
        if (sendto(out[to], &one, 8, 0, (void *)&addresses[to], sizeof addresses[to]) != 8) fail("sendto");
    } else if (is("tcp-halves")) {
        /* The second waits until the first is acknowledged, which the kernel puts off. */
        if (write(out[to], &one, 4) != 4 || write(out[to], &one, 4) != 4) fail("write");
    } else if (write(out[to], &one, 8) != 8) {
        fail("write");
    }
}

static void take(int at) {
    uint64_t token;
    if (is("cond") || is("timed-cond")) {
        struct timespec late;
        clock_gettime(CLOCK_REALTIME, &late);
        late.tv_sec += 60;
        pthread_mutex_lock(&lock);
        while (!has[at]) {
            if (is("cond")) pthread_cond_wait(&conds[at], &lock);
            else if (pthread_cond_timedwait(&conds[at], &lock, &late)) { puts("timed out"); _exit(4); }
        }
        has[at] = 0;
        pthread_mutex_unlock(&lock);
    } else if (is("signal") || is("timer")) {
        sigset_t set;
        int signal;
        sigemptyset(&set);
        sigaddset(&set, is("timer") ? SIGRTMIN + at : SIGUSR1);
        sigwait(&set, &signal);
    } else if (is("tcp-halves")) {
        int quick = 0;
        setsockopt(in[at], IPPROTO_TCP, TCP_QUICKACK, &quick, sizeof quick);
        if (recv(in[at], &token, 8, MSG_WAITALL) != 8) fail("recv");
    } else if (read(in[at], &token, 8) != 8) {
        fail("read");
    }
}

static void *place(void *number) {
    int i = (int)(intptr_t)number;
    for (int round = 0; round < rounds; round++) {
        take(i);
        if (i + 1 < PLACES) pass(i + 1);
        else if (round + 1 < rounds) pass(0);
    }
    return NULL;
}

static void *bomb(void *unused) {
    struct timespec second = {1, 0};
    nanosleep(&second, NULL);
    if (write(1, "bomb\n", 5) != 5) fail("write");
    return unused;
}

static void tcp(int i) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof any;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (void *)&any, length) || listen(listener, 1)) fail("listen");
    getsockname(listener, (void *)&any, &length);
    out[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(out[i], (void *)&any, length)) fail("connect");
    in[i] = accept(listener, NULL, NULL);
    close(listener);
}

static void udp(int i) {
    socklen_t length = sizeof addresses[i];
    addresses[i].sin_family = AF_INET;
    addresses[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in[i] = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(in[i], (void *)&addresses[i], length)) fail("bind");
    getsockname(in[i], (void *)&addresses[i], &length);
    out[i] = socket(AF_INET, SOCK_DGRAM, 0);
}

static void open_channels(void) {
    for (int i = 0; i < PLACES; i++) {
        int ends[2];
        pthread_cond_init(&conds[i], NULL);
        if (is("pipe") || is("fork-pipe")) {
            if (pipe(ends)) fail("pipe");
            in[i] = ends[0], out[i] = ends[1];
        } else if (is("unix")) {
            if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) fail("socketpair");
            in[i] = ends[0], out[i] = ends[1];
        } else if (is("eventfd")) {
            in[i] = out[i] = eventfd(0, 0);
        } else if (is("timerfd")) {
            in[i] = out[i] = timerfd_create(CLOCK_MONOTONIC, 0);
        } else if (is("timer")) {
            struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + i};
            if (timer_create(CLOCK_MONOTONIC, &event, &timers[i])) fail("timer_create");
        } else if (is("tcp") || is("tcp-halves")) {
            tcp(i);
        } else if (is("udp")) {
            udp(i);
        }
    }
}

static void threads_or_processes(void) {
    for (int i = 0; i < PLACES; i++) {
        if (!is("fork-pipe")) pthread_create(&threads[i], NULL, place, (void *)(intptr_t)i);
        else if (!fork()) { place((void *)(intptr_t)i); _exit(0); }
    }
    pass(0);
    for (int i = 0; i < PLACES; i++) {
        if (is("fork-pipe")) wait(NULL);
        else pthread_join(threads[i], NULL);
    }
}

int main(int argc, char **argv) {
    pthread_t its;
    sigset_t set;
    kind = argv[1];
    if (is("tcp-halves")) rounds = 2;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    for (int i = 0; i < PLACES; i++) sigaddset(&set, SIGRTMIN + i);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    open_channels();
    pthread_create(&its, NULL, bomb, NULL);
    if (is("wait")) {
        for (int i = 0; i < rounds * 2; i++) {
            if (!fork()) _exit(0);
            wait(NULL);
        }
    } else {
        threads_or_processes();
    }
    if (write(1, "done\n", 5) != 5) fail("write");
    pthread_join(its, NULL);
    return 0;
}
