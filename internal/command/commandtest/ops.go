package commandtest

import (
	"strconv"
	"time"

	"granary/internal/command"
	"granary/internal/netloop"
)

// Ops is the server that a Session does not have: it knows the clients of the registry and records what it is asked for.
type Ops struct {
	Env       *command.Env
	Killed    []int64 // IDs
	Shutdowns []command.ShutdownFlags
	ReplyPeak int64
	FixedSize bool     // what FitReplies was told not to change
	Paused    bool     // PauseCron
	Refuse    error    // what Shutdown and what saves answer
	Saves     []string // what was asked of Saver

	Log command.AOFReport // what AOF tells
}

// EachClient implements command.Ops.
func (o *Ops) EachClient(fn func(*command.Client)) {
	for _, c := range o.Env.Clients.Snapshot(nil) {
		fn(c)
	}
}

// EachLoop implements command.Ops: a session has no loop.
func (o *Ops) EachLoop(func(*netloop.Loop)) {}

// Kill implements command.Ops.
func (o *Ops) Kill(c *command.Client, _ bool) {
	o.Killed = append(o.Killed, c.ID)
	o.Env.Clients.Remove(c)
}

// Shutdown implements command.Ops.
func (o *Ops) Shutdown(how command.ShutdownFlags, _ *command.Client) error {
	o.Shutdowns = append(o.Shutdowns, how)
	return o.Refuse
}

// AbortShutdown implements command.Ops.
func (o *Ops) AbortShutdown() bool { return false }

// Net implements command.Ops.
func (o *Ops) Net() (in, out int64) { return 0, 0 }

// Calls implements command.Ops.
func (o *Ops) Calls() (reads, writes int64) { return 0, 0 }

// KeepReplyPeak implements command.Ops.
func (o *Ops) KeepReplyPeak(ms int64) { o.ReplyPeak = ms }

// FitReplies implements command.Ops.
func (o *Ops) FitReplies(on bool) { o.FixedSize = !on }

// ReplyResizes implements command.Ops.
func (o *Ops) ReplyResizes() (shrinks, expands int64) { return 0, 0 }

// PauseCron implements command.Ops.
func (o *Ops) PauseCron(on bool) { o.Paused = on }

// Save implements command.Saver.
func (o *Ops) Save() error {
	o.Saves = append(o.Saves, "save")
	return o.Refuse
}

// BeginSave implements command.Saver.
func (o *Ops) BeginSave(later bool) error {
	o.Saves = append(o.Saves, map[bool]string{false: "bgsave", true: "bgsave later"}[later])
	o.Env.Saves.Running, o.Env.Saves.Scheduled = !later, later
	return o.Refuse
}

// CancelSave implements command.Saver.
func (o *Ops) CancelSave() (running, scheduled bool) {
	running, scheduled = o.Env.Saves.Running, o.Env.Saves.Scheduled
	o.Env.Saves.Running, o.Env.Saves.Scheduled = false, false
	return running, scheduled
}

// Flushed implements command.Saver.
func (o *Ops) Flushed() { o.Saves = append(o.Saves, "flushed") }

// Reload implements command.Saver.
func (o *Ops) Reload(how command.ReloadFlags) error {
	o.Saves = append(o.Saves, "reload "+strconv.Itoa(int(how)))
	return o.Refuse
}

// RewriteAOF implements command.Saver.
func (o *Ops) RewriteAOF(later bool) (scheduled bool, err error) {
	o.Saves = append(o.Saves, "rewrite")
	return later, o.Refuse
}

// DelayAOF implements command.Saver.
func (o *Ops) DelayAOF(d time.Duration) { o.Saves = append(o.Saves, "delayaof "+d.String()) }

// LoadAOF implements command.Saver.
func (o *Ops) LoadAOF() error {
	o.Saves = append(o.Saves, "loadaof")
	return o.Refuse
}

// AOF implements command.Saver.
func (o *Ops) AOF() command.AOFReport { return o.Log }
