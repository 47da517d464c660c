package command

import (
	"cmp"
	"encoding/binary"
	"slices"

	"granary/internal/clock"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/resp"
)

// Commands that wait for a key, and WAIT and WAITAOF (acks.go). No goroutine waits: a client that waits is a paused connection and
// a row in a table.
//
//	handler finds nothing    Ctx.Block: the arguments are copied, the client enters the queue of each key it waits for
//	Client.Serve             stops behind the command and pauses the connection; what was pipelined stays where it is
//	a key comes into being   a hook of the keyspace, or Ctx.Ready: its queue is noted as ready, nothing else happens
//	end of that command      ServeReady: the command of each client in the queue is executed again, in order of
//	                         blocking, while the key is of the type that is waited for
//	it answered              the client leaves all queues, gets the reply, and its connection goes on
//	it calls Block again     the client stays where it is in all queues
//
// A client also ends waiting because its time is up (deadlines.go), by CLIENT UNBLOCK, or because it went away.
//
// Nothing of this costs anything while nobody waits: the hooks are set while somebody does.
//
// The reply is made in a buffer of its own, so that no connection is borrowed while a command runs: a command may write
// to other connections.
//
// Copied arguments (PurposeBlocked, in the keyspace's arena), numbers little endian:
//
//	0            4
//	+------------+------------+--- ... ---+---------+---------+--- ...
//	| length 0   | length 1   |           | bytes 0 | bytes 1 |
//	+------------+------------+--- ... ---+---------+---------+--- ...

// Wait is what a command waits for.
type Wait struct {
	Keys    [][]byte    // any of them
	Type    object.Type // what a key has to hold to serve the command
	Timeout int64       // ms, 0: for ever
	Args    [][]byte    // what is executed again, nil: the command as it was sent
	OnNoKey bool        // the command is executed again also when a key goes away or gets another type
	Acks    bool        // it waits for acknowledgements, and for no key (acks.go)

	// TimedOut answers when the time is over; nil: the answer is a null array.
	TimedOut Handler
}

// waitKey names a key that somebody waits for.
type waitKey struct {
	db  int
	key string
}

// queue is who waits for a key, in order of blocking.
type queue struct {
	waitKey
	first, last *waiter
	onNoKey     int  // how many of them wait with OnNoKey
	ready       bool // on Blocked.ready
}

// waiter is a client in a queue. A client that waits for several keys is in several.
type waiter struct {
	of         *waiting
	in         *queue
	prev, next *waiter
}

// waiting is a client that waits.
type waiting struct {
	client   *Client
	spec     *Spec
	waiters  []waiter
	typ      object.Type
	onNoKey  bool
	timedOut Handler // nil: a null array
	seq      int64   // order of blocking
	again    bool    // the command was executed again and waits on
	refused  bool    // the user lost the permission while it waited
	bound    bool    // CLIENT UNBLOCK does not end it (elsewhere.go)
	deadline int64   // reading of the monotonic clock, 0: none
	place    int     // in the heap of deadlines
	nanos    int64   // that the command was executed for so far

	block mem.Ref // the arguments
	size  int
	args  int
	bytes int64 // of all arguments
}

// Blocked is all clients that wait. Guarded by the keyspace lock; the zero value is ready for use.
type Blocked struct {
	env     *Env
	queues  map[waitKey]*queue
	ready   []*queue
	clients int
	seq     int64 // last waiting.seq given
	onNoKey int   // queues with a client that waits with OnNoKey
	acks    acks  // who waits for acknowledgements

	deadlines []deadlines // by loop

	retrying *waiting // the command of this client is being executed again
	serving  bool
	out      *resp.Buffer
	args     [][]byte // of the command being executed again
}

// Len returns the number of clients that wait.
func (b *Blocked) Len() int { return b.clients }

// Keys returns the number of keys that clients wait for, and of those whose end they wait for too.
func (b *Blocked) Keys() (all, onNoKey int) { return len(b.queues), b.onNoKey }

// Timed returns the number of clients that wait with a time limit.
func (b *Blocked) Timed() (n int) {
	for i := range b.deadlines {
		n += len(b.deadlines[i])
	}
	return n
}

// Block makes the client wait: the handler returns without a reply, and is called again, with the same arguments, when a
// key can serve it. When the time is over the client gets a null array, which is also the answer, at once, where nothing
// may wait (Ctx.NeverBlocks).
//
// If the handler was called again already and calls Block, the client goes on waiting for what it waited for.
func (c *Ctx) Block(w Wait) {
	cl, b := c.Client, &c.Env.Blocked
	if b.retrying != nil && b.retrying.client == cl {
		b.retrying.again = true
		return
	}
	if c.NeverBlocks() {
		c.Out.NullArray()
		return
	}
	args := w.Args
	if args == nil {
		args = c.Args
	}
	x := &waiting{client: cl, spec: c.Spec, typ: w.Type, onNoKey: w.OnNoKey, timedOut: w.TimedOut, place: -1}
	x.keep(c.Env.Keys.Arena, args) // may panic: first
	if w.Timeout > 0 {
		x.deadline = clock.Mono() + min(w.Timeout, longest)*1e6
	}
	b.enter(c.Env, x, c.DB, w)
	cl.waiting = x
	cl.Flags |= FlagBlocked
}

// blocked counts the time of a command that has begun to wait; the rest of what is counted comes when it is answered.
func (c *Client) blocked() {
	if c.run.n > 0 {
		c.endRun(nil)
	}
	begin, end := c.Env.mono, clock.Mono()
	c.Env.setMono(end)
	c.waiting.nanos = end - begin
	c.Calls--
}

// NeverBlocks reports whether the command must not wait: it is part of a transaction or of a script, or there is no
// connection behind it.
func (c *Ctx) NeverBlocks() bool { return c.DenyBlocking || c.Client.Conn == nil }

// Retrying reports whether the command waited and is executed again.
func (c *Ctx) Retrying() bool {
	x := c.Env.Blocked.retrying
	return x != nil && x.client == c.Client
}

// Ready says that clients who wait for the key may find there what they wait for although the key is not new: a stream
// has a new entry, or lost a group.
func (c *Ctx) Ready(key []byte) { c.Env.Blocked.mark(c.DB.ID, key) }

// keep copies the arguments.
func (x *waiting) keep(a *mem.Arena, args [][]byte) {
	x.args, x.size = len(args), 4*len(args)
	for _, arg := range args {
		x.size += len(arg)
		x.bytes += int64(len(arg))
	}
	x.block = a.Alloc(x.size, mem.PurposeBlocked)
	p := mem.Bytes(x.block, x.size)
	at := 4 * len(args)
	for i, arg := range args {
		binary.LittleEndian.PutUint32(p[4*i:], uint32(len(arg)))
		at += copy(p[at:], arg)
	}
}

// load appends the arguments, which are valid until the client ends waiting.
func (x *waiting) load(dst [][]byte) [][]byte {
	p := mem.Bytes(x.block, x.size)
	at := 4 * x.args
	for i := range x.args {
		end := at + int(binary.LittleEndian.Uint32(p[4*i:]))
		dst = append(dst, p[at:end:end])
		at = end
	}
	return dst
}

// enter puts a client into the queues of what it waits for.
func (b *Blocked) enter(env *Env, x *waiting, db *keyspace.DB, w Wait) {
	if b.queues == nil {
		b.env, b.queues, b.out = env, map[waitKey]*queue{}, resp.NewBuffer()
	}
	if b.clients == 0 {
		h := &env.Keys.Hooks
		h.Created, h.Removed, h.Exchanged = b.created, b.removed, b.exchanged
	}
	b.clients++
	b.seq++
	x.seq = b.seq
	x.waiters = make([]waiter, 0, len(w.Keys)+1) // never grows: queues refer to its elements
	if w.Acks {
		b.acks.queue.add(x)
		b.acks.waiting.Add(1)
	}
	for _, key := range w.Keys {
		q := b.queues[waitKey{db.ID, string(key)}]
		if q == nil {
			q = &queue{waitKey: waitKey{db.ID, string(key)}}
			b.queues[q.waitKey] = q
		}
		if q.last != nil && q.last.of == x {
			continue // the key is given twice
		}
		q.add(x)
		if x.onNoKey {
			if q.onNoKey++; q.onNoKey == 1 {
				b.onNoKey++
			}
		}
	}
	if x.deadline != 0 {
		b.time(x)
	}
}

// add puts a client at the end of a queue. There is room for it in x.waiters.
func (q *queue) add(x *waiting) {
	x.waiters = append(x.waiters, waiter{of: x, in: q})
	q.append(&x.waiters[len(x.waiters)-1])
}

func (q *queue) append(w *waiter) {
	w.prev, w.next = q.last, nil
	if q.last == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
}

func (q *queue) remove(w *waiter) {
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
}

// leave takes a client out of everything. It is no longer waiting.
func (b *Blocked) leave(x *waiting) {
	for i := range x.waiters {
		w := &x.waiters[i]
		q := w.in
		q.remove(w)
		if q == &b.acks.queue {
			b.acks.waiting.Add(-1)
			continue
		}
		if x.onNoKey {
			if q.onNoKey--; q.onNoKey == 0 {
				b.onNoKey--
			}
		}
		if q.first == nil {
			delete(b.queues, q.waitKey)
		}
	}
	if x.deadline != 0 {
		b.untime(x)
	}
	if b.clients--; b.clients == 0 {
		h := &b.env.Keys.Hooks
		h.Created, h.Removed, h.Exchanged = nil, nil, nil
	}
	b.env.Keys.Arena.Free(x.block, x.size, mem.PurposeBlocked)
	x.client.waiting = nil
	x.client.Flags &^= FlagBlocked
}

// mark notes that clients who wait for a key may be served when the command has ended.
func (b *Blocked) mark(db int, key []byte) {
	if b.clients == 0 {
		return
	}
	if q := b.queues[waitKey{db, string(key)}]; q != nil {
		b.markQueue(q)
	}
}

func (b *Blocked) markQueue(q *queue) {
	if !q.ready {
		q.ready = true
		b.ready = append(b.ready, q)
	}
}

// servable reports whether values of a type can be waited for.
func servable(t object.Type) bool { return t == object.List || t == object.ZSet || t == object.Stream }

// created is the hook for keys that came into being.
func (b *Blocked) created(db int, t object.Type, key []byte) {
	if servable(t) {
		b.mark(db, key)
	}
}

// removed is the hook for keys that go away or get another value.
func (b *Blocked) removed(db int, t object.Type, key []byte) {
	if b.onNoKey == 0 || !servable(t) {
		return
	}
	if q := b.queues[waitKey{db, string(key)}]; q != nil && q.onNoKey > 0 {
		b.markQueue(q)
	}
}

// exchanged is the hook for a database that holds other keys now. Its queues are served in the order in which the
// clients at their heads blocked, as there is no order among the keys.
func (b *Blocked) exchanged(db int) {
	n := len(b.ready)
	for _, q := range b.queues {
		if q.db == db {
			b.markQueue(q)
		}
	}
	slices.SortFunc(b.ready[n:], func(x, y *queue) int { return cmp.Compare(x.first.of.seq, y.first.of.seq) })
}
