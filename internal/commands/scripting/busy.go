package scripting

import (
	"time"

	"granary/internal/command"
	"granary/internal/script"
)

// A script that runs for longer than busy-reply-threshold lets others in, to be told that the server is busy and to end
// the script. It still holds the keyspace lock, but for moments: once a millisecond its loop takes a turn in the middle of
// the script (netloop.Pump), and the other loops have their turns. As long as Env.Busy is set, commands are refused that
// do not have the flag AllowBusy, the clock of the keyspace stands still, and no background work is done, so for the script
// nothing happens.

const (
	busyScript   = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	busyFunction = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
	errNotBusy   = "NOTBUSY No scripts in execution right now."
	errKillNot   = "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
	killed       = "Script killed by user with SCRIPT KILL..."
	loadTimeout  = "FUNCTION LOAD timeout"

	// loadTime is how long loading a library may take.
	loadTime = 500 * time.Millisecond
)

// Late implements script.Host.
func (e *engine) Late() string {
	r := &e.run
	ran := now() - r.began
	r.book(e.vm[r.mode()].in.Growth())
	if r.loading {
		if ran > int64(loadTime) {
			return loadTimeout
		}
		return ""
	}
	limit := e.env.Config.BusyReplyThreshold
	if limit <= 0 || ran < limit*int64(time.Millisecond) {
		return ""
	}
	if !r.late {
		r.late = true
		e.env.SetBusy(e.busyText())
		e.env.Log.Warningf("Slow script detected: still in execution after %d milliseconds. You can try killing the script using the %s command. Script name is: %s.",
			ran/int64(time.Millisecond), e.killCommand(), r.title())
	}
	if loop := e.env.Loop; loop != nil {
		r.pumped = true
		e.env.Aside(loop.Pump)
	}
	if r.killed {
		return killed
	}
	return ""
}

func (e *engine) busyText() string {
	if e.run.mode() == script.Functions {
		return busyFunction
	}
	return busyScript
}

func (e *engine) killCommand() string {
	if e.run.mode() == script.Functions {
		return "FUNCTION KILL"
	}
	return "SCRIPT KILL"
}

// cmdScriptKill answers SCRIPT KILL.
func cmdScriptKill(c *command.Ctx) { kill(c, script.Scripts) }

// cmdFunctionKill answers FUNCTION KILL.
func cmdFunctionKill(c *command.Ctx) { kill(c, script.Functions) }

// kill ends the script or function that is running.
func kill(c *command.Ctx, mode script.Mode) {
	e := engineOf(c.Env)
	r := &e.run
	switch {
	case !r.active:
		c.Out.Error(errNotBusy)
	case r.wrote:
		c.Out.Error(errKillNot)
	case r.mode() != mode:
		c.Out.Error(e.busyText())
	default:
		r.killed = true
		c.Out.OK()
	}
}
