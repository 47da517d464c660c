package memory

import "granary/internal/command"

// specMemoryOwners is Granary's own.
var specMemoryOwners = &command.Spec{
	Name: "owners", Summary: "Return who holds the memory that is not data: the clients that hold most, and the server's own.",
	Since: "7.4.0", Group: command.GroupServer, Complexity: "O(N) where N is the number of clients", Arity: -2,
	Flags: command.Loading | command.Stale,
	Tips:  []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Args: []command.Arg{
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	Handler: cmdMemoryOwners,
}

const (
	ownersShown   = 10 // clients, when COUNT does not say
	errOwnerCount = "ERR COUNT should be greater than 0"
)

// cmdMemoryOwners answers MEMORY OWNERS [COUNT count]: a map of how many clients there are and what they hold together,
// the clients that hold most, what the server keeps together, and who of it. Bytes are usable ones, from the books.
func cmdMemoryOwners(c *command.Ctx) {
	count := int64(ownersShown)
	switch {
	case len(c.Args) == 2:
	case len(c.Args) == 4 && command.Is(c.Args[2], "count"):
		n, ok := c.Int(c.Args[3])
		if !ok {
			return
		}
		if n < 1 {
			c.Out.Error(errOwnerCount)
			return
		}
		count = n
	default:
		c.SyntaxError()
		return
	}
	owners := c.Env.ReadOwners(int(min(count, int64(c.Env.Clients.Len()))))
	o := c.Out
	o.Map(5)
	o.BulkString("clients.count")
	o.Int(owners.Clients)
	o.BulkString("clients.bytes")
	o.Int(owners.ClientBytes)
	o.BulkString("clients")
	o.Array(len(owners.Top))
	for i := range owners.Top {
		replyOwner(c, &owners.Top[i])
	}
	o.BulkString("server.bytes")
	o.Int(owners.ServerBytes)
	o.BulkString("server")
	o.Array(len(owners.Server))
	for _, s := range owners.Server {
		n := 2
		if s.Items >= 0 {
			n = 3
		}
		o.Map(n)
		o.BulkString("owner")
		o.BulkString(s.Name)
		o.BulkString("bytes")
		o.Int(s.Bytes)
		if s.Items >= 0 {
			o.BulkString("items")
			o.Int(s.Items)
		}
	}
}

// replyOwner writes a client: who it is, and what it holds.
func replyOwner(c *command.Ctx, w *command.Owner) {
	o, x, now := c.Out, w.Client, c.Env.Keys.Now
	o.Map(12)
	text := func(name, v string) {
		o.BulkString(name)
		o.BulkString(v)
	}
	num := func(name string, v int64) {
		o.BulkString(name)
		o.Int(v)
	}
	num("id", x.ID)
	text("addr", x.Addr())
	text("name", x.Name)
	text("user", x.User.Name)
	text("class", x.MemoryClass().String())
	text("cmd", x.LastName())
	num("age", now/1000-x.Created/1000)
	num("idle", now/1000-x.LastActive/1000)
	num("bytes", w.Bytes)
	text("kind", w.Largest().String())
	num("largest", w.Holdings[w.Largest()])
	o.BulkString("holds")
	n := 0
	for _, b := range w.Holdings {
		if b > 0 {
			n++
		}
	}
	o.Map(n)
	for k, b := range w.Holdings {
		if b > 0 {
			num(command.Holding(k).String(), b)
		}
	}
}
