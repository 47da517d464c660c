package generic

import "granary/internal/command"

var specSelect = &command.Spec{
	Name:       "select",
	Summary:    "Changes the database of the connection.",
	Since:      "1.0.0",
	Group:      command.GroupConnection,
	Complexity: "O(1)",
	Arity:      2,
	Flags:      command.Loading | command.Stale | command.Fast,
	Args: []command.Arg{
		{Name: "index", Type: command.ArgInteger},
	},
	Handler: cmdSelect,
}

// cmdSelect answers SELECT index.
func cmdSelect(c *command.Ctx) {
	if db, ok := database(c, c.Args[1]); ok {
		c.Client.Select(db)
		c.Out.OK()
	}
}

var specSwapDB = &command.Spec{
	Name:       "swapdb",
	Summary:    "Exchanges the contents of two databases.",
	Since:      "4.0.0",
	Group:      command.GroupServer,
	Complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.",
	Arity:      3,
	Flags:      command.Write | command.Fast,
	Categories: command.CatKeyspace | command.CatDangerous,
	Args: []command.Arg{
		{Name: "index1", Type: command.ArgInteger},
		{Name: "index2", Type: command.ArgInteger},
	},
	Handler: cmdSwapDB,
}

// cmdSwapDB answers SWAPDB index1 index2.
func cmdSwapDB(c *command.Ctx) {
	a, ok := index32(c, c.Args[1], "ERR invalid first DB index")
	if !ok {
		return
	}
	b, ok := index32(c, c.Args[2], "ERR invalid second DB index")
	if !ok {
		return
	}
	ks := c.Keys()
	if n := len(ks.DBs); a < 0 || a >= n || b < 0 || b >= n {
		c.Out.Error(command.ErrDBIndex)
		return
	}
	ks.Swap(a, b)
	ks.Stats.Dirty++
	c.Out.OK()
}

var specFlushDB = &command.Spec{
	Name:       "flushdb",
	Summary:    "Deletes all keys of the database.",
	Since:      "1.0.0",
	Group:      command.GroupServer,
	Complexity: "O(N) where N is the number of keys in the selected database",
	Arity:      -1,
	Flags:      command.Write,
	Categories: command.CatKeyspace | command.CatDangerous,
	Args: []command.Arg{
		{Name: "async", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "async", Type: command.ArgPureToken, Token: "ASYNC", Since: "4.0.0"},
			{Name: "sync", Type: command.ArgPureToken, Token: "SYNC", Since: "6.2.0"},
		}},
	},
	Tips:    []string{"request_policy:all_shards", "response_policy:all_succeeded"},
	History: []command.Change{{Since: "4.0.0", What: "ASYNC."}, {Since: "6.2.0", What: "SYNC."}},
	Handler: cmdFlushDB,
}

// cmdFlushDB answers FLUSHDB [ASYNC | SYNC].
func cmdFlushDB(c *command.Ctx) {
	if lazy, ok := flushMode(c); ok {
		c.Env.InvalidateAll()
		flushed(c, c.DB.Flush(lazy))
	}
}

var specFlushAll = &command.Spec{
	Name:       "flushall",
	Summary:    "Deletes all keys of all databases.",
	Since:      "1.0.0",
	Group:      command.GroupServer,
	Complexity: "O(N) where N is the total number of keys in all databases",
	Arity:      -1,
	Flags:      command.Write,
	Categories: command.CatKeyspace | command.CatDangerous,
	Args: []command.Arg{
		{Name: "async", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "async", Type: command.ArgPureToken, Token: "ASYNC", Since: "4.0.0"},
			{Name: "sync", Type: command.ArgPureToken, Token: "SYNC", Since: "6.2.0"},
		}},
	},
	Tips:    []string{"request_policy:all_shards", "response_policy:all_succeeded"},
	History: []command.Change{{Since: "4.0.0", What: "ASYNC."}, {Since: "6.2.0", What: "SYNC."}},
	Handler: cmdFlushAll,
}

// cmdFlushAll answers FLUSHALL [ASYNC | SYNC].
func cmdFlushAll(c *command.Ctx) {
	if lazy, ok := flushMode(c); ok {
		c.Env.InvalidateAll()
		flushed(c, c.Keys().FlushAll(lazy))
		c.Env.Saver.Flushed()
	}
}

// flushMode reads the option of a flush and answers an error when it is none. SYNC gives small databases back before the
// reply; what takes longer is given back in slices in either mode.
func flushMode(c *command.Ctx) (lazy, ok bool) {
	switch {
	case len(c.Args) == 1:
		return c.Env.Config.LazyfreeLazyUserFlush, true
	case len(c.Args) == 2 && command.Is(c.Args[1], "async"):
		return true, true
	case len(c.Args) == 2 && command.Is(c.Args[1], "sync"):
		return false, true
	}
	c.SyntaxError()
	return false, false
}

// flushed ends a flush of n keys. It is repeated elsewhere even if nothing was there.
func flushed(c *command.Ctx, n int) {
	c.Keys().Stats.Dirty += int64(n)
	if c.Feeding() {
		c.Rewrite(c.Args...)
	}
	c.Out.OK()
}

var specDBSize = &command.Spec{
	Name:       "dbsize",
	Summary:    "Counts the keys of the database.",
	Since:      "1.0.0",
	Group:      command.GroupServer,
	Complexity: "O(1)",
	Arity:      1,
	Flags:      command.ReadOnly | command.Fast,
	Categories: command.CatKeyspace,
	Tips:       []string{"request_policy:all_shards", "response_policy:agg_sum"},
	Handler:    cmdDBSize,
}

// cmdDBSize answers DBSIZE.
func cmdDBSize(c *command.Ctx) { c.Out.Int(int64(c.DB.Len())) }
