package admin

import (
	"os"
	"syscall"
	"time"

	"granary/internal/command"
)

// debugSegfault does what a wild pointer would do: the process ends with a report in the log, as with kill -SEGV.
func debugSegfault(*command.Ctx) {
	syscall.Kill(os.Getpid(), syscall.SIGSEGV)
	time.Sleep(time.Minute) // the process does not live as long
}

// debugRestart runs the server anew in the same process: DEBUG RESTART|CRASH-AND-RECOVER [ms]. Data is lost; sockets and
// files are closed by the system, which marks all of them so.
func debugRestart(c *command.Ctx) {
	delay := int64(0)
	if len(c.Args) == 3 {
		var ok bool
		if delay, ok = c.Int(c.Args[2]); !ok {
			return
		}
	}
	exe, err := os.Executable()
	if err != nil {
		c.Out.Error("ERR failed to restart the server. Check server logs.")
		return
	}
	c.Env.Log.Warningf("%s requested by %s", c.Args[1], c.Client.Addr())
	time.Sleep(time.Duration(max(delay, 0)) * time.Millisecond)
	if err := syscall.Exec(exe, os.Args, os.Environ()); err != nil {
		c.Env.Log.Warningf("Can't restart: %v", err)
		c.Out.Error("ERR failed to restart the server. Check server logs.")
	}
}
