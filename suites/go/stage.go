// The seed's three cases for goroutines: stage CASE.
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// say prints as Python's logging does: one write a line.
func say(who, what string) {
	fmt.Printf("%s: %s\t:\t%s\n", time.Now().Format("15:04:05"), who, what)
}

func main() {
	say("Main", "Before creating thread")
	var started, finished sync.WaitGroup
	started.Add(1)
	finished.Add(1)
	say("Main", "Before running thread")
	go func() {
		defer finished.Done()
		say("Thread 1", "starting")
		started.Done()
		time.Sleep(2 * time.Second)
		say("Thread 1", "finishing")
	}()
	started.Wait()
	say("Main", "wait for the thread to finish")
	if os.Args[1] == "join" {
		finished.Wait()
	}
	say("Main", "all done")
}
