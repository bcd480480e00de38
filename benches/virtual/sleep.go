// sleep CASE SECONDS: one of the seed's three cases.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	seconds, _ := strconv.ParseFloat(os.Args[2], 64)
	over := make(chan bool)
	go func() {
		fmt.Println("Thread 1 : starting")
		if seconds > 0 {
			time.Sleep(time.Duration(seconds * float64(time.Second)))
		}
		fmt.Println("Thread 1 : finishing")
		close(over)
	}()
	// Go waits for nothing by itself: who wants `non_daemon` waits as for `join`.
	if os.Args[1] != "daemon" {
		<-over
	}
	fmt.Println("Main : all done")
}
