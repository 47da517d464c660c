package memory

import (
	"strings"
	"time"

	"granary/internal/command"
	"granary/internal/dead"
)

// specMemoryDead is Granary's own.
var specMemoryDead = &command.Spec{
	Name: "dead", Summary: "Return how much memory serves nobody any more and what frees it, look for it anew, or free it.",
	Since: "7.4.0", Group: command.GroupServer, Arity: -2,
	Complexity: "O(1); with SCAN and FREE O(N) where N is the number of keys and of elements of large values, in slices between which other clients are served",
	Flags:      command.Admin | command.NoScript | command.Blocking | command.NoMulti,
	Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Args: []command.Arg{
		{Name: "action", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "scan", Type: command.ArgPureToken, Token: "SCAN"},
			{Name: "free", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "free", Type: command.ArgPureToken, Token: "FREE"},
				{Name: "kind", Type: command.ArgString, Flags: command.Optional | command.Multiple},
			}},
		}},
	},
	Handler: cmdMemoryDead,
}

// deadTask is a walk that a client waits for.
type deadTask struct {
	env  *command.Env
	walk *dead.Walk
}

// Slice does the next piece.
func (t *deadTask) Slice(deadline time.Time) (done bool) {
	if !t.walk.Slice(deadline) {
		return false
	}
	t.env.Dead.Note(t.walk)
	return true
}

// cmdMemoryDead answers MEMORY DEAD, MEMORY DEAD SCAN and MEMORY DEAD FREE [kind ...].
func cmdMemoryDead(c *command.Ctx) {
	args := c.Args[2:]
	switch {
	case len(args) == 0:
		replyInventory(c)
	case command.Is(args[0], "scan") && len(args) == 1:
		deadScan(c)
	case command.Is(args[0], "free"):
		deadFree(c, args[1:])
	default:
		c.SyntaxError()
	}
}

// deadScan looks for dead memory while the client waits, and answers with the inventory.
func deadScan(c *command.Ctx) {
	if c.Worked() == nil && !c.Work(&deadTask{c.Env, c.Env.NewDeadWalk(dead.Job{})}) {
		return
	}
	replyInventory(c)
}

// deadFree frees the kinds that are named, or all that nobody can see, while the client waits.
func deadFree(c *command.Ctx, names [][]byte) {
	t, worked := c.Worked().(*deadTask)
	if !worked {
		free := dead.Set(0)
		for _, name := range names {
			k, ok := dead.Named(string(name))
			if !ok {
				c.Out.Error("ERR unknown kind of dead memory, must be one of " + kindNames())
				return
			}
			free |= dead.Of(k)
		}
		if len(names) == 0 {
			free = dead.Unseen()
		}
		t = &deadTask{c.Env, c.Env.NewDeadWalk(dead.Job{Free: free})}
		if !c.Work(t) {
			return
		}
	}
	replyFreed(c, t.walk)
}

func kindNames() string {
	names := make([]string, dead.NumKinds)
	for i := range names {
		names[i] = dead.Kind(i).String()
	}
	return strings.Join(names, ", ")
}

// known is what can be said of a kind now.
type known struct {
	dead.Amount
	live bool // of this moment; otherwise of the last scan
}

func knownOf(env *command.Env, k dead.Kind) known {
	if a, ok := env.DeadLive(k); ok {
		return known{a, true}
	}
	return known{env.Dead.Last.Left(k), false}
}

// replyInventory answers with the inventory: what is known at any time as it is now, the rest as the last scan or pass
// has left it.
func replyInventory(c *command.Ctx) {
	env, o := c.Env, c.Out
	last := &env.Dead.Last
	var rows [dead.NumKinds]known
	total := int64(0)
	for i := range rows {
		rows[i] = knownOf(env, dead.Kind(i))
		total += rows[i].Bytes
	}
	o.Map(6)
	o.BulkString("bytes")
	o.Int(total)
	o.BulkString("scanned")
	o.Int(last.At / 1000)
	o.BulkString("keys")
	o.Int(last.Keys)
	o.BulkString("pass")
	switch p := env.Dead.Pass; {
	case !env.Config.MemoryReclaimDead:
		o.BulkString("off")
	case p == nil:
		o.BulkString("waiting")
	default:
		o.BulkString("running")
	}
	writeWork(c, last)
	o.BulkString("kinds")
	o.Map(len(rows))
	for i := range rows {
		k, r := dead.Kind(i), &rows[i]
		info := k.Info()
		o.BulkString(info.Name)
		o.Map(6)
		o.BulkString("bytes")
		o.Int(r.Bytes)
		o.BulkString("count")
		o.Int(r.Count)
		o.BulkString("of")
		o.BulkString(info.Count)
		o.BulkString("known")
		if r.live {
			o.BulkString("now")
		} else {
			o.BulkString("by scan")
		}
		o.BulkString("action")
		o.BulkString(info.Action)
		o.BulkString("freed")
		o.Int(env.Dead.Freed[i].Bytes)
	}
}

// writeWork writes what a walk has cost.
func writeWork(c *command.Ctx, v *dead.Inventory) {
	o := c.Out
	o.BulkString("work")
	o.Map(3)
	o.BulkString("slices")
	o.Int(v.Slices)
	o.BulkString("microseconds")
	o.Int(v.Nanos / 1000)
	o.BulkString("longest.slice")
	o.Int(v.Longest / 1000)
}

// replyFreed answers with what was freed.
func replyFreed(c *command.Ctx, w *dead.Walk) {
	total, n := int64(0), 0
	for i, a := range w.Freed {
		total += a.Bytes
		if w.Job.Free.Has(dead.Kind(i)) {
			n++
		}
	}
	o := c.Out
	o.Map(4)
	o.BulkString("bytes")
	o.Int(total)
	o.BulkString("keys")
	o.Int(w.Keys)
	writeWork(c, &w.Inventory)
	o.BulkString("kinds")
	o.Map(n)
	for i, a := range w.Freed {
		if !w.Job.Free.Has(dead.Kind(i)) {
			continue
		}
		o.BulkString(dead.Kind(i).String())
		o.Map(2)
		o.BulkString("bytes")
		o.Int(a.Bytes)
		o.BulkString("count")
		o.Int(a.Count)
	}
}
