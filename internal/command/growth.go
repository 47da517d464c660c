package command

import (
	"granary/internal/history"
	"granary/internal/prefix"
)

// Who makes memory grow. While the flight recorder runs (Env.History), what the keyspace's arena has grown or shrunk by is
// charged, as soon as it is a step of 16 KiB or more, to the command that took the last of it, to its client and to the
// prefix of its key: bytes are sampled, as a profiler of a heap samples them. A command that moves less than a step costs a
// subtraction and a comparison. When a second has had many steps they become longer, so that charging stays below a
// thousandth of the time however fast data comes in.
//
// Buffers grow and shrink outside of commands: requests are read and replies are sent without the keyspace lock. They are
// charged to the client that holds them, which the server looks at once a second, and when a sample shows that buffers
// jumped.

const (
	growthSteps  = 64      // steps in a jump: 16 KiB in the smallest
	growthBusy   = 128     // charges in a second after which steps double
	bufferGrowth = 4 << 10 // by which a client's buffers have to grow to be charged
)

// growth is the state of charging. Guarded by the keyspace lock.
type growth struct {
	mark  int64  // bytes of the keyspace's arena when something was last charged
	step  int64  // difference from which on something is charged
	twice uint64 // two steps, for one comparison
	notes int    // charges since the last sample

	split prefix.Split

	// What the recorder was last told that runs; it is only told of changes.
	doing       *Spec
	doingClient int64
}

func (g *growth) setStep(n int64) { g.step, g.twice = n, 2*uint64(n) }

// SetHistory has growth charged to a recorder, nil for none.
func (e *Env) SetHistory(r *history.Recorder) {
	e.History = r
	e.growth.mark = e.Keys.Arena.Used()
	e.growth.doing = nil
	e.BeginGrowth(0)
}

// BeginGrowth begins the charges of a second. used is used_memory.
func (e *Env) BeginGrowth(used int64) {
	e.growth.notes = 0
	e.growth.split = prefix.Split{Delim: e.Config.MemoryPrefixDelimiter, Depth: 1} // more parts are too many to tell who is behind it
	e.growth.setStep(history.Threshold(used) / growthSteps)
}

// grown tells whether the keyspace's arena moved by a step. Hot path.
func (e *Env) grown() bool {
	return uint64(e.Keys.Arena.Used()-e.growth.mark+e.growth.step) > e.growth.twice
}

// charge charges what has grown to a command that ran.
func (c *Client) charge(spec *Spec, args [][]byte) {
	e := c.Env
	d := e.taken()
	var keys [4]KeyPos
	var key []byte
	if found, ok := spec.FindKeys(args, keys[:0]); ok && len(found) > 0 {
		key = args[found[0].Index]
	}
	e.History.Accounts.Note(d, spec.Full, c.culprit(), e.growth.split.Of(key), key)
}

// taken returns what the arena has grown by, and begins anew.
func (e *Env) taken() int64 {
	g := &e.growth
	used := e.Keys.Arena.Used()
	d := used - g.mark
	g.mark = used
	if g.notes++; g.notes%growthBusy == 0 {
		g.setStep(2 * g.step)
	}
	return d
}

// ChargeWork charges what has grown or shrunk to work of the server's own: "expire", "lazyfree".
func (e *Env) ChargeWork(name string) {
	if e.History != nil && e.grown() {
		e.History.Accounts.Note(e.taken(), name, history.Client{}, nil, nil)
	}
}

// ChargeBuffers charges what a client's buffers have grown or shrunk by since it was last looked at.
// REQUIRES: the connection is the caller's.
func (c *Client) ChargeBuffers() {
	e := c.Env
	if e.History == nil || c.Conn == nil {
		return
	}
	n := c.Memory().Total
	d := n - c.charged
	if max(d, -d) < bufferGrowth {
		return
	}
	c.charged = n
	name := "connect"
	if c.Last != nil {
		name = c.Last.Full
	}
	e.History.Accounts.Note(d, name, c.culprit(), nil, nil)
}

// culprit describes the client for the record.
func (c *Client) culprit() history.Client {
	if c.Caller != nil {
		c = c.Caller
	}
	return history.Client{ID: c.ID, Name: c.Name, Addr: c.Addr(), User: c.User.Name}
}

// doing tells the recorder what runs now and may take long.
func (c *Client) doing(spec *Spec) {
	g := &c.Env.growth
	if g.doing != spec || g.doingClient != c.ID {
		g.doing, g.doingClient = spec, c.ID
		c.Env.History.Doing(&spec.Full, c.ID)
	}
}
