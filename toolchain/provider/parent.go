package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// endWithParent makes the plugin end when the engine that started it ends, by
// whatever means. The bridge itself asks for the engine's health only every five
// minutes, so after a kill -9 of pulumi a plugin would go on changing the cloud.
//
// A descriptor of the parent process is watched. PR_SET_PDEATHSIG would follow the
// thread that made us, and the threads of a Go program come and go.
func endWithParent() {
	parent := os.Getppid()
	descriptor, err := unix.PidfdOpen(parent, 0)
	if err != nil || os.Getppid() != parent {
		// Gone between the two calls, or in a process namespace that we cannot see.
		if os.Getppid() != parent {
			os.Exit(1)
		}
		return
	}
	go func() {
		watched := []unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}}
		for {
			if count, err := unix.Poll(watched, -1); err != unix.EINTR && (err != nil || count > 0) {
				os.Exit(1)
			}
		}
	}()
}
