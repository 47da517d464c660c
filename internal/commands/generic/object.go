package generic

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// Errors of OBJECT IDLETIME and OBJECT FREQ: an entry has room for one of the two clocks.
const (
	errPolicyLFU = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between " +
		"policies at runtime LRU and LFU data will take some time to adjust."
	errPolicyLRU = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching " +
		"between policies at runtime LRU and LFU data will take some time to adjust."
)

var specObject = &command.Spec{
	Name:       "object",
	Summary:    "Looks inside the value of a key.",
	Since:      "2.2.3",
	Group:      command.GroupGeneric,
	Complexity: "Depends on subcommand.",
	Arity:      -2,
	Subs:       []*command.Spec{specObjectEncoding, specObjectFreq, specObjectHelp, specObjectIdleTime, specObjectRefCount},
}

// peek looks up the key of an OBJECT subcommand without marking the access, and answers null when there is none.
func peek(c *command.Ctx) (object.Entry, bool) {
	it := c.DB.Lookup(c.Args[2], keyspace.NoTouch|keyspace.NoNotify)
	if !it.Exists() {
		c.Out.Null()
	}
	return it.Entry, it.Exists()
}

var specObjectEncoding = &command.Spec{
	Name:       "encoding",
	Summary:    "Tells how the value of a key is stored.",
	Since:      "2.2.3",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      3,
	Flags:      command.ReadOnly,
	Keys:       command.Keys(command.KeyRO, 2, 0, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
	},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdObjectEncoding,
}

// cmdObjectEncoding answers OBJECT ENCODING key.
func cmdObjectEncoding(c *command.Ctx) {
	if e, ok := peek(c); ok {
		c.Out.BulkString(e.Encoding().String())
	}
}

var specObjectFreq = &command.Spec{
	Name:       "freq",
	Summary:    "Tells the logarithmic access counter of a key.",
	Since:      "4.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      3,
	Flags:      command.ReadOnly,
	Keys:       command.Keys(command.KeyRO, 2, 0, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
	},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdObjectFreq,
}

// cmdObjectFreq answers OBJECT FREQ key.
func cmdObjectFreq(c *command.Ctx) {
	e, ok := peek(c)
	if !ok {
		return
	}
	access := &c.Keys().Access
	if !access.LFU {
		c.Out.Error(errPolicyLRU)
		return
	}
	c.Out.Int(int64(access.Frequency(e)))
}

var specObjectIdleTime = &command.Spec{
	Name:       "idletime",
	Summary:    "Tells for how many seconds a key has not been accessed.",
	Since:      "2.2.3",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      3,
	Flags:      command.ReadOnly,
	Keys:       command.Keys(command.KeyRO, 2, 0, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
	},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdObjectIdleTime,
}

// cmdObjectIdleTime answers OBJECT IDLETIME key.
func cmdObjectIdleTime(c *command.Ctx) {
	e, ok := peek(c)
	if !ok {
		return
	}
	access := &c.Keys().Access
	if access.LFU {
		c.Out.Error(errPolicyLFU)
		return
	}
	c.Out.Int(access.Idle(e))
}

var specObjectRefCount = &command.Spec{
	Name:       "refcount",
	Summary:    "Tells how many references the value of a key has.",
	Since:      "2.2.3",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      3,
	Flags:      command.ReadOnly,
	Keys:       command.Keys(command.KeyRO, 2, 0, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
	},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdObjectRefCount,
}

// cmdObjectRefCount answers OBJECT REFCOUNT key. For a number of the shared pool the answer is the true number of
// references: one for each key that holds it, and the pool's own. A raw string has one more for each reply that
// is being sent from it.
func cmdObjectRefCount(c *command.Ctx) {
	e, ok := peek(c)
	switch {
	case !ok:
	case e.Type() == object.String && e.Encoding() == object.Int && e.IsSharedInt():
		c.Out.Int(int64(object.SharedRefs(e.Int())) + 1)
	case e.Type() == object.String && e.Encoding() == object.Raw:
		c.Out.Int(int64(object.RawRefs(e.Root())))
	default:
		c.Out.Int(1)
	}
}

var specObjectHelp = &command.Spec{
	Name:       "help",
	Summary:    "Lists the subcommands.",
	Since:      "6.2.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      2,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatKeyspace,
	Handler:    cmdObjectHelp,
}

// cmdObjectHelp answers OBJECT HELP.
func cmdObjectHelp(c *command.Ctx) {
	c.Help(
		"ENCODING <key>",
		"    How the value is stored: the name of its encoding.",
		"FREQ <key>",
		"    The logarithmic access counter. Kept under an LFU maxmemory policy only.",
		"IDLETIME <key>",
		"    Seconds since the last access. Not kept under an LFU maxmemory policy.",
		"REFCOUNT <key>",
		"    The number of references to the value.",
	)
}
