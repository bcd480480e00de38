/* vfork: the parent stands still while its child sleeps for 2 s, and the child executes a program after that. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    struct timespec two = {2, 0};
    pid_t child = vfork();
    if (!child) {
        nanosleep(&two, NULL);
        execl("/bin/echo", "echo", "child", (char *)NULL);
        _exit(1);
    }
    puts("parent");
    fflush(stdout);
    waitpid(child, NULL, 0);
    return 0;
}
