// Package proctitle changes what the process list shows of this process and of its threads.
//
// Linux shows the memory in which it passed the arguments, and the environment if a title goes on there:
//
//	granary\0/etc/granary.conf\0HOME=/\0PATH=/bin\0
//
// Go refers to the arguments where they lie and copies the environment. So Keep copies the arguments, after which that memory is
// free for a title; on other systems nothing happens.
package proctitle

// Keep moves the arguments out of the way.
//
// REQUIRES: nobody has kept one of them. Call it first.
func Keep() { keep() }

// Set shows a title, as much of it as there is room for, which is as many bytes as the arguments and the environment had.
func Set(title string) {
	if len(room) == 0 {
		return
	}
	n := copy(room[:len(room)-1], title)
	clear(room[n:])
}

// Thread gives the goroutine that calls it a thread of its own until it ends, and that thread a name of at most 15 bytes, which
// `top -H` and perf show. The main thread, whose name is the process's, it leaves alone.
func Thread(name string) { thread(name) }

// room is what the process list shows.
var room []byte
