/* timers WHAT: a timer that is not part of a wait, and what is seen of it. Prints what came, and how many ms after the start. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct timespec begun;
static volatile int count;

static long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return ((at.tv_sec - begun.tv_sec) * 1000000000 + at.tv_nsec - begun.tv_nsec) / 1000000;
}

static void say(const char *what, long n) {
    printf("%s %ld after %ld ms\n", what, n, now());
    fflush(stdout);
}

static long ticks(int fd) {
    uint64_t n = 0;
    return read(fd, &n, 8) == 8 ? (long)n : -errno;
}

static void rest(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&time, &time) && errno == EINTR) {}
}

static void on_signal(int signal) { (void)signal; count++; }

static void on_thread(union sigval value) { say("thread", value.sival_int); }

static int timer_of(clockid_t clock, int flags) { return timerfd_create(clock, flags); }

static void arm(int fd, long first, long again) {
    struct itimerspec timer = {{again / 1000, again % 1000 * 1000000}, {first / 1000, first % 1000 * 1000000}};
    timerfd_settime(fd, 0, &timer, NULL);
}

static void periodic(void) {
    int fd = timer_of(CLOCK_BOOTTIME, 0);
    struct itimerspec left;
    arm(fd, 500, 100);
    for (int i = 0; i < 3; i++) say("ticks", ticks(fd));
    timerfd_gettime(fd, &left);
    say("left", left.it_value.tv_nsec / 1000000 / 10);
    say("interval", left.it_interval.tv_nsec / 1000000);
    rest(1050);
    say("ticks", ticks(fd));
    arm(fd, 0, 0);
    timerfd_gettime(fd, &left);
    say("left", left.it_value.tv_sec + left.it_value.tv_nsec);
}

static void others(void) {
    int fd = timer_of(CLOCK_REALTIME, TFD_NONBLOCK), copy, forgotten = timer_of(CLOCK_MONOTONIC, 0);
    struct itimerspec timer = {0};
    struct pollfd wait;
    say("none", ticks(fd));
    clock_gettime(CLOCK_REALTIME, &timer.it_value);
    timer.it_value.tv_sec += 2;
    timerfd_settime(fd, TFD_TIMER_ABSTIME, &timer, NULL);
    copy = dup(fd);
    close(fd);
    /* A timer that is closed is gone, and another may have its number. */
    arm(forgotten, 1000, 0);
    close(forgotten);
    wait = (struct pollfd){copy, POLLIN, 0};
    if (!fork()) {
        poll(&wait, 1, -1);
        say("child", ticks(copy));
        _exit(0);
    }
    waitpid(-1, NULL, 0);
    say("parent", ticks(copy));
    timer.it_value.tv_nsec = -1;
    say("refused", timerfd_settime(copy, 0, &timer, NULL) ? errno : 0);
    say("refused", timerfd_settime(0, 0, &timer, NULL) ? errno : 0);
}

static void signals(void) {
    struct itimerspec timer = {{0, 300000000}, {1, 0}}, left;
    timer_t id;
    signal(SIGALRM, on_signal);
    timer_create(CLOCK_MONOTONIC, NULL, &id);
    timer_settime(id, 0, &timer, NULL);
    timer_gettime(id, &left);
    say("left", left.it_value.tv_sec * 10 + left.it_value.tv_nsec / 100000000);
    rest(2000);
    say("signals", count);
    timer_delete(id);
    rest(1000);
    say("signals", count);
    say("refused", timer_settime(id, 0, &timer, NULL) ? errno : 0);
}

static void threads(void) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 7, .sigev_notify_function = on_thread};
    struct itimerspec timer = {.it_value = {2, 0}};
    timer_t id;
    timer_create(CLOCK_REALTIME, &event, &id);
    timer_settime(id, 0, &timer, NULL);
    rest(3000);
}

int main(int argc, char **argv) {
    clock_gettime(CLOCK_MONOTONIC, &begun);
    if (!strcmp(argv[1], "periodic")) periodic();
    if (!strcmp(argv[1], "others")) others();
    if (!strcmp(argv[1], "signals")) signals();
    if (!strcmp(argv[1], "threads")) threads();
    return 0;
}
