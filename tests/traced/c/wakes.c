/* wakes PRIMITIVE: waits for an event by PRIMITIVE for 3 s, twice: once it is set after half a second, once never. Prints for each
 * what the wait said, and how long it took in ms. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const char *name;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, held = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int set;
static uint32_t word;
static sem_t sem;
static int ends[2], epoll, sems;
static mqd_t queue;
static pthread_t main_thread;

static int is(const char *other) { return !strcmp(name, other); }

static struct timespec in(int seconds, clockid_t clock) {
    struct timespec at;
    clock_gettime(clock, &at);
    at.tv_sec += seconds;
    return at;
}

static void on_signal(int signal) { (void)signal; }

static void give(void) {
    if (is("cond")) {
        pthread_mutex_lock(&lock);
        set = 1;
        pthread_cond_signal(&cond);
        pthread_mutex_unlock(&lock);
    } else if (is("mutex")) {
        pthread_mutex_unlock(&held);
    } else if (is("sem")) {
        sem_post(&sem);
    } else if (is("futex") || is("futex-absolute")) {
        __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
    } else if (is("sigtimedwait") || is("nanosleep") || is("timer")) {
        pthread_kill(main_thread, SIGUSR1);
    } else if (is("semtimedop")) {
        struct sembuf up = {0, 1, 0};
        semop(sems, &up, 1);
    } else if (is("mq")) {
        mq_send(queue, "x", 1, 0);
    } else if (write(ends[1], "x", 1) != 1) {
        perror("write");
    }
}

/* 1: the event came. 0: the time was over. */
static int await(void) {
    struct timespec three = {3, 0}, at = in(3, CLOCK_REALTIME), mono = in(3, CLOCK_MONOTONIC);
    struct pollfd fd = {ends[0], POLLIN, 0x7f};
    struct timeval tv = {3, 0};
    struct epoll_event event;
    sigset_t signals;
    fd_set fds;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    FD_ZERO(&fds);
    FD_SET(ends[0], &fds);
    if (is("cond")) {
        int error = 0;
        pthread_mutex_lock(&lock);
        while (!set && !error) error = pthread_cond_timedwait(&cond, &lock, &at);
        pthread_mutex_unlock(&lock);
        return set;
    }
    if (is("mutex")) return pthread_mutex_timedlock(&held, &at) == 0;
    if (is("sem")) return sem_timedwait(&sem, &at) == 0;
    if (is("futex")) {
        while (!__atomic_load_n(&word, __ATOMIC_SEQ_CST))
            if (syscall(SYS_futex, &word, FUTEX_WAIT, 0, &three, NULL, 0) && errno == ETIMEDOUT) return 0;
        return 1;
    }
    if (is("futex-absolute")) {
        while (!__atomic_load_n(&word, __ATOMIC_SEQ_CST))
            if (syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &mono, NULL, -1) && errno == ETIMEDOUT) return 0;
        return 1;
    }
    if (is("poll")) return poll(&fd, 1, 3000) == 1 ? fd.revents == POLLIN : (fd.revents ? 9 : 0);
    if (is("ppoll")) return ppoll(&fd, 1, &three, NULL) == 1 ? fd.revents == POLLIN : (fd.revents ? 9 : 0);
    if (is("select")) return select(ends[0] + 1, &fds, NULL, NULL, &tv) == 1 ? 1 : (FD_ISSET(ends[0], &fds) ? 9 : 0);
    if (is("pselect")) return pselect(ends[0] + 1, &fds, NULL, NULL, &three, NULL) == 1;
    if (is("epoll")) return epoll_wait(epoll, &event, 1, 3000);
    if (is("epoll-pwait")) return epoll_pwait(epoll, &event, 1, 3000, NULL);
    if (is("epoll-pwait2")) return (int)syscall(441, epoll, &event, 1, &three, NULL, 8);
    if (!strncmp(name, "timerfd", 7)) {
        struct itimerspec timer = {.it_value = three};
        int timed = timerfd_create(CLOCK_MONOTONIC, 0), came;
        uint64_t ticks = 0;
        timerfd_settime(timed, 0, &timer, NULL);
        if (is("timerfd-poll")) {
            struct pollfd both[] = {fd, {timed, POLLIN, 0}};
            if (poll(both, 2, -1) < 1) return 9;
            came = both[0].revents;
        } else {
            struct epoll_event timeout = {.events = EPOLLIN | EPOLLET, .data.fd = timed};
            epoll_ctl(epoll, EPOLL_CTL_ADD, timed, &timeout);
            if (epoll_wait(epoll, &event, 1, -1) != 1) return 9;
            came = event.data.fd != timed;
        }
        if (!came && (read(timed, &ticks, 8) != 8 || ticks != 1)) return 8;
        close(timed);
        return came != 0;
    }
    if (is("timer")) {
        struct itimerspec timer = {.it_value = three};
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 42};
        siginfo_t info;
        timer_t id;
        sigaddset(&signals, SIGRTMIN);
        if (timer_create(CLOCK_REALTIME, &event, &id) || timer_settime(id, 0, &timer, NULL)) return 9;
        int signal = sigwaitinfo(&signals, &info);
        timer_delete(id);
        if (signal == SIGUSR1) return 1;
        return signal == SIGRTMIN && info.si_code == SI_TIMER && info.si_value.sival_int == 42 ? 0 : 8;
    }
    if (is("sigtimedwait")) return sigtimedwait(&signals, NULL, &three) == SIGUSR1;
    if (is("semtimedop")) {
        struct sembuf down = {0, -1, 0};
        return semtimedop(sems, &down, 1, &three) == 0;
    }
    if (is("mq")) {
        char byte[8];
        return mq_timedreceive(queue, byte, 8, NULL, &at) == 1;
    }
    if (is("nanosleep")) {
        struct timespec left = {0, 0};
        if (nanosleep(&three, &left) == 0) return 0;
        /* Half a second of three was slept. */
        return left.tv_sec == 2 && left.tv_nsec / 10000000 >= 45 && left.tv_nsec / 10000000 <= 50 ? 1 : 8;
    }
    if (is("alarm")) {
        alarm(2);
        pause();
        return 0;
    }
    exit(5);
}

static void *setter(void *unused) {
    usleep(500000);
    give();
    return unused;
}

static void round_(int with) {
    pthread_t thread;
    struct timespec before = in(0, CLOCK_MONOTONIC), after;
    if (with) pthread_create(&thread, NULL, setter, NULL);
    int came = await();
    after = in(0, CLOCK_MONOTONIC);
    printf("%s after %ld ms\n", came == 1 ? "set" : came ? "wrong" : "over",
           ((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec) / 1000000);
    if (with) pthread_join(thread, NULL);
}

int main(int argc, char **argv) {
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
    struct epoll_event readable = {.events = EPOLLIN};
    char queue_name[32];
    name = argv[1];
    main_thread = pthread_self();
    sem_init(&sem, 0, 0);
    if (pipe(ends)) return 6;
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &readable);
    signal(SIGALRM, on_signal);
    if (is("nanosleep")) signal(SIGUSR1, on_signal);
    else {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGUSR1);
        sigaddset(&signals, SIGRTMIN);
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
    }
    if (is("semtimedop")) sems = semget(IPC_PRIVATE, 1, 0600);
    if (is("mq")) {
        snprintf(queue_name, sizeof queue_name, "/exeunt-%d", getpid());
        queue = mq_open(queue_name, O_CREAT | O_RDWR, 0600, &attributes);
        mq_unlink(queue_name);
    }
    if (is("mutex")) {
        /* Another thread's, in the end: a normal mutex does not mind who gives it back. */
        pthread_mutex_lock(&held);
    }
    if (!is("alarm")) round_(1);
    set = 0, word = 0;
    if (strncmp(name, "nanosleep", 9) && !is("cond") && !is("mutex") && !is("sem") && !is("sigtimedwait") && !is("semtimedop") && !is("mq")
        && !is("alarm") && !is("timer") && strncmp(name, "futex", 5)) {
        char byte;
        if (read(ends[0], &byte, 1) != 1) return 7;
    }
    round_(0);
    if (is("semtimedop")) semctl(sems, 0, IPC_RMID);
    return 0;
}
