// Command granary is the server: a Redis-compatible in-memory data store. It takes the command line of redis-server.
// `granary memory-history` reads the file that a server's flight recorder left, `granary check-rdb` a snapshot,
// `granary check-aof` the append-only file.
package main

import (
	"fmt"
	"os"
	"runtime"

	"granary/internal/config"
	"granary/internal/info"
	"granary/internal/proctitle"
	"granary/internal/server"
)

// The main goroutine keeps the main thread, so that no other that wants a thread of its own gets it: its name is the process's.
func init() { runtime.LockOSThread() }

func main() { os.Exit(run()) }

func run() int {
	switch args := os.Args[1:]; {
	case isTool("memory-history", args):
		return runHistory(args[1:], os.Stdout, os.Stderr)
	case isTool("check-rdb", args):
		return runCheckRDB(args[1:], os.Stdout, os.Stderr, terminal(os.Stderr))
	case isTool("check-aof", args):
		return runCheckAOF(args[1:], os.Stdin, os.Stdout, terminal(os.Stderr))
	}
	proctitle.Keep()
	cfg, action, err := server.Loader().ParseArgs(os.Args[1:], os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	switch action {
	case config.ActionVersion:
		fmt.Println(info.VersionLine())
		return 0
	case config.ActionHelp:
		fmt.Fprint(os.Stderr, config.Usage(os.Args[0]))
		return 1
	}
	parent, err := server.Daemonize(cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, "Can't run in the background:", err)
		return 1
	}
	if parent {
		return 0
	}
	return server.Run(cfg)
}
