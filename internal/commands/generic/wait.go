package generic

import (
	"granary/internal/command"
	"granary/internal/object"
)

// Commands that wait until what their client wrote is kept by others, and on disks. There are no replicas in this version: none ever
// acknowledges anything.

var specWait = &command.Spec{
	Name: "wait", Summary: "Waits until so many replicas have what this connection wrote, or the time is over, and returns how many have it.",
	Since: "3.0.0", Group: command.GroupGeneric, Complexity: "O(1)",
	Arity: 3, Flags: command.Blocking, Categories: command.CatConnection,
	Tips:    []string{"request_policy:all_shards", "response_policy:agg_min"},
	Args:    []command.Arg{{Name: "numreplicas", Type: command.ArgInteger}, {Name: "timeout", Type: command.ArgInteger}},
	Handler: cmdWait,
}

// cmdWait answers WAIT numreplicas timeout.
func cmdWait(c *command.Ctx) {
	replicas, ok := c.Int(c.Args[1])
	if !ok {
		return
	}
	timeout, ok := c.TimeoutMillis(c.Args[2])
	if !ok {
		return
	}
	c.WaitAcks(timeout, func(*command.Ctx) bool { return replicas <= 0 }, func(c *command.Ctx) { c.Out.Int(0) })
}

var specWaitAOF = &command.Spec{
	Name: "waitaof", Summary: "Waits until what this connection wrote is on the disk here and with so many replicas, or the time is over, and returns where it is.",
	Since: "7.2.0", Group: command.GroupGeneric, Complexity: "O(1)",
	Arity: 4, Flags: command.Blocking, Categories: command.CatConnection,
	Tips: []string{"request_policy:all_shards", "response_policy:agg_min"},
	Args: []command.Arg{
		{Name: "numlocal", Type: command.ArgInteger},
		{Name: "numreplicas", Type: command.ArgInteger},
		{Name: "timeout", Type: command.ArgInteger},
	},
	Handler: cmdWaitAOF,
}

const (
	errNumLocal = "ERR value is out of range, value must between 0 and 1"
	errNoAOF    = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
)

// cmdWaitAOF answers WAITAOF numlocal numreplicas timeout.
func cmdWaitAOF(c *command.Ctx) {
	local, ok := c.Int(c.Args[1])
	if !ok {
		return
	}
	if local < 0 || local > 1 {
		c.Out.Error(errNumLocal)
		return
	}
	replicas, ok := object.ParseInt(c.Args[2])
	if !ok || replicas < 0 {
		c.Out.Error(command.ErrOutOfRangePos)
		return
	}
	timeout, ok := c.TimeoutMillis(c.Args[3])
	if !ok {
		return
	}
	if local > 0 && !c.Env.Saver.AOF().On {
		c.Out.Error(errNoAOF)
		return
	}
	c.WaitAcks(timeout, func(c *command.Ctx) bool { return synced(c) >= local && replicas == 0 }, answerWaitAOF)
}

// answerWaitAOF answers whether what the client wrote is on the disk here, and with how many replicas.
func answerWaitAOF(c *command.Ctx) {
	c.Out.Array(2)
	c.Out.Int(synced(c))
	c.Out.Int(0)
}

// synced returns 1 if what the client wrote is on the disk here, 0 if it is not.
func synced(c *command.Ctx) int64 {
	if c.Env.Saver.AOF().Synced >= c.Client.Wrote() {
		return 1
	}
	return 0
}
