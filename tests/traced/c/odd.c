/* odd WHAT: something that a virtual clock must not overlook, or may. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void leave(int signal) { (void)signal; _exit(0); }

int main(int argc, char **argv) {
    const char *what = argv[1];
    struct timespec second = {1, 0}, shown;
    struct itimerspec timer = {.it_value = {0, 100000000}};
    int ends[2];
    if (!strncmp(what, "timerfd", 7)) {
        uint64_t count;
        int fd = timerfd_create(CLOCK_MONOTONIC, 0);
        if (!strcmp(what, "timerfd-off")) timer.it_value.tv_nsec = 0;
        timerfd_settime(fd, 0, &timer, NULL);
        if (timer.it_value.tv_nsec && read(fd, &count, 8) != 8) return 1;
    } else if (!strcmp(what, "timer") || !strcmp(what, "cpu-timer")) {
        timer_t id;
        signal(SIGALRM, leave);
        timer_create(strcmp(what, "timer") ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, NULL, &id);
        timer_settime(id, 0, &timer, NULL);
        if (!strcmp(what, "timer")) pause();
    } else if (!strncmp(what, "rcvtimeo", 8)) {
        struct timeval time = {0, strcmp(what, "rcvtimeo-off") ? 100000 : 0};
        char byte;
        socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
        setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
        if (time.tv_usec && read(ends[0], &byte, 1) >= 0) return 1;
    } else if (!strcmp(what, "recvmmsg")) {
        struct mmsghdr message;
        memset(&message, 0, sizeof message);
        socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
        if (write(ends[1], "x", 1) != 1) return 1;
        recvmmsg(ends[0], &message, 1, 0, &second);
    } else if (!strcmp(what, "cpu-sleep")) {
        struct timespec little = {0, 1000};
        /* Absolute, and over already: a process that sleeps uses no time. */
        syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &little, NULL);
    } else if (!strcmp(what, "ptrace")) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0)) return 1;
    } else if (!strcmp(what, "int80")) {
        long pid = 20; /* getpid */
        __asm__ volatile("int $0x80" : "+a"(pid));
    } else if (!strcmp(what, "clock-set")) {
        /* A time that the kernel refuses: this test sets no clock. */
        struct timeval wrong = {0, 2000000};
        if (!syscall(SYS_settimeofday, &wrong, NULL)) return 1;
    } else if (!strncmp(what, "aio", 3)) {
        unsigned long context = 0;
        char event[64];
        syscall(SYS_io_setup, 1, &context);
        syscall(strcmp(what, "aio") ? 333 : SYS_io_getevents, context, 0, 1, event, &second, NULL);
    } else if (!strcmp(what, "uring")) {
        char parameters[256] = {0};
        errno = 0;
        syscall(425, 1, parameters);
        if (errno != ENOSYS) return 1;
    } else if (!strncmp(what, "pty", 3)) {
        int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
        if (fd < 0) return 1;
        if (!strcmp(what, "pty-closed")) close(fd);
        nanosleep(&second, NULL);
    } else if (!strcmp(what, "connect")) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&to, sizeof to)) return 1;
    } else if (!strcmp(what, "connect-unix")) {
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        strncpy(to.sun_path, argv[2], sizeof to.sun_path - 1);
        if (connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to, sizeof to)) return 1;
    } else if (!strcmp(what, "cpu-clock")) {
        nanosleep(&second, NULL);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &shown);
        if (shown.tv_sec != 0) return 1;
    } else if (!strcmp(what, "raw-clock")) {
        struct timespec before;
        struct timeval tv;
        syscall(SYS_clock_gettime, CLOCK_REALTIME, &before);
        nanosleep(&second, NULL);
        syscall(SYS_clock_gettime, CLOCK_REALTIME, &shown);
        syscall(SYS_gettimeofday, &tv, NULL);
        long now = syscall(SYS_time, NULL);
        if (shown.tv_sec - before.tv_sec > 2 || shown.tv_sec == before.tv_sec) return 1;
        if (labs(tv.tv_sec - shown.tv_sec) > 1 || labs(now - shown.tv_sec) > 1 || labs(time(NULL) - now) > 1) return 1;
    }
    return 0;
}
