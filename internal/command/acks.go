package command

import (
	"sync/atomic"
	"time"

	"granary/internal/netloop"
)

// Waiting for acknowledgements: WAIT and WAITAOF wait until what their client wrote is kept elsewhere.
//
//	a command has effects      its client notes where the log of effects ends behind them (Client.wrote)
//	WAITAOF comes too soon     the client enters a queue like those of keys (blocking.go)
//	something reached a disk   whoever brought it there looks whether anybody waits (AcksWanted), and if so posts AcksMoved
//	TickAcks                   executes the commands of all who wait again, in slices: each answers or waits on
type acks struct {
	queue   queue
	waiting atomic.Int32 // in the queue, or about to be
	left    int          // from the head of the queue: are to be looked at
}

const ackSlice = 500 * time.Microsecond

// WaitAcks is a command that waits until reached reports true; then, and when the time (in ms, 0: for ever) is over, answer
// answers. Where nothing may wait it answers at once.
func (c *Ctx) WaitAcks(timeout int64, reached func(c *Ctx) bool, answer Handler) {
	a := &c.Env.Blocked.acks
	// Before the look: whoever moves something behind it sees that there is somebody to be told.
	a.waiting.Add(1)
	defer a.waiting.Add(-1)
	if reached(c) || c.NeverBlocks() {
		answer(c)
		return
	}
	c.Block(Wait{Acks: true, Timeout: timeout, TimedOut: answer})
}

// AcksWanted reports whether somebody waits for acknowledgements. Anybody may call it.
func (e *Env) AcksWanted() bool { return e.Blocked.acks.waiting.Load() > 0 }

// AcksMoved tells that those who wait may have what they wait for. REQUIRES: the keyspace lock, in B of the loop l.
func (e *Env) AcksMoved(l *netloop.Loop) {
	a := &e.Blocked.acks
	a.left = int(a.waiting.Load())
	l.TickBy(l.Now())
}

// TickAcks looks at those who wait, and returns when it wants to be called again, in ms of the loop's clock, or next if that is
// sooner. REQUIRES: the keyspace lock, in B of the loop.
func (e *Env) TickAcks(l *netloop.Loop, next int64) int64 {
	a := &e.Blocked.acks
	if a.left == 0 {
		return next
	}
	e.ReadClock()
	for deadline := time.Now().Add(ackSlice); a.left > 0; a.left-- {
		w := a.queue.first
		if w == nil {
			a.left = 0
			return next
		}
		if time.Now().After(deadline) {
			return l.Now()
		}
		a.queue.remove(w)
		a.queue.append(w)
		e.Blocked.retry(w.of)
	}
	return next
}

// Wrote returns the position of the append-only file (AOFReport.Synced) behind what the client wrote last. In a script it is that of
// who called it.
func (c *Client) Wrote() int64 {
	if c.Caller != nil {
		return c.Caller.Wrote()
	}
	return c.wrote
}
