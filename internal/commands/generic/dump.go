package generic

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/config"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/persist/rdb"
)

var specDump = &command.Spec{
	Name:       "dump",
	Summary:    "Returns a key's value as bytes that RESTORE takes.",
	Since:      "2.6.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
	Arity:      2,
	Flags:      command.ReadOnly,
	Keys:       command.OneKey(command.KeyRO | command.KeyAccess),
	Args:       []command.Arg{argKey},
	Tips:       []string{"nondeterministic_output"},
	Handler:    cmdDump,
}

// cmdDump answers DUMP key.
func cmdDump(c *command.Ctx) {
	it := c.Read(c.Args[1])
	if !it.Exists() {
		c.Out.Null()
		return
	}
	p := rdb.Dump(c.Keys().Arena, it.Entry, c.Env.Config.RDBCompression, mem.PurposeSnapshotBuffer)
	defer p.Free()
	c.Out.BulkParts(p.Size, p.Each)
}

// restoreArgs are the arguments of RESTORE.
var restoreArgs = []command.Arg{
	argKey,
	{Name: "ttl", Type: command.ArgInteger},
	{Name: "serialized-value", Type: command.ArgString},
	{Name: "replace", Type: command.ArgPureToken, Token: "REPLACE", Since: "3.0.0", Flags: command.Optional},
	{Name: "absttl", Type: command.ArgPureToken, Token: "ABSTTL", Since: "5.0.0", Flags: command.Optional},
	{Name: "seconds", Type: command.ArgInteger, Token: "IDLETIME", Since: "5.0.0", Flags: command.Optional},
	{Name: "frequency", Type: command.ArgInteger, Token: "FREQ", Since: "5.0.0", Flags: command.Optional},
}

// restoreComplexity is what Redis says of RESTORE.
const restoreComplexity = "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N))."

var specRestore = &command.Spec{
	Name:       "restore",
	Summary:    "Creates a key from what DUMP returned.",
	Since:      "2.6.0",
	Group:      command.GroupGeneric,
	Complexity: restoreComplexity,
	Arity:      -4,
	Flags:      command.Write | command.DenyOOM,
	Categories: command.CatDangerous,
	Keys:       command.OneKey(command.KeyOW | command.KeyUpdate),
	Args:       restoreArgs,
	History: []command.Change{
		{Since: "3.0.0", What: "Takes REPLACE."},
		{Since: "5.0.0", What: "Takes ABSTTL."},
		{Since: "5.0.0", What: "Takes IDLETIME and FREQ."},
	},
	Handler: cmdRestore,
}

// restoreOptions is what RESTORE was asked for beside the value.
type restoreOptions struct {
	replace, absolute bool
	idle, freq        int64 // -1: not given
}

// parseRestore reads the arguments behind the payload and answers an error when they make no sense.
func parseRestore(c *command.Ctx) (o restoreOptions, ok bool) {
	o.idle, o.freq = -1, -1
	for i := 4; i < len(c.Args); i++ {
		arg, more := c.Args[i], i+1 < len(c.Args)
		switch {
		case command.Is(arg, "replace"):
			o.replace = true
		case command.Is(arg, "absttl"):
			o.absolute = true
		case command.Is(arg, "idletime") && more && o.freq == -1:
			i++
			if o.idle, ok = c.Int(c.Args[i]); !ok {
				return o, false
			}
			if o.idle < 0 {
				c.Out.Error("ERR Invalid IDLETIME value, must be >= 0")
				return o, false
			}
		case command.Is(arg, "freq") && more && o.idle == -1:
			i++
			if o.freq, ok = c.Int(c.Args[i]); !ok {
				return o, false
			}
			if o.freq < 0 || o.freq > 255 {
				c.Out.Error("ERR Invalid FREQ value, must be >= 0 and <= 255")
				return o, false
			}
		default:
			c.SyntaxError()
			return o, false
		}
	}
	return o, true
}

// cmdRestore answers RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency].
func cmdRestore(c *command.Ctx) {
	o, ok := parseRestore(c)
	if !ok {
		return
	}
	key := c.Args[1]
	it := c.Write(key)
	if it.Exists() && !o.replace {
		c.Out.Error("BUSYKEY Target key name already exists.")
		return
	}
	ttl, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if ttl < 0 {
		c.Out.Error("ERR Invalid TTL value, must be >= 0")
		return
	}
	ks := c.Keys()
	cfg := c.Env.Config
	trust := rdb.Trust{Version: cfg.RDBVersionCheck == config.RDBVersionRelaxed, Checksum: c.Env.TrustChecksums}
	r, t, ok := rdb.OpenPayload(c.Args[3], ks.Arena, rdb.LimitsOf(cfg, ks.Limits), trust)
	if !ok {
		c.Out.Error("ERR DUMP payload version or checksum are wrong")
		return
	}
	defer r.Discard()
	if err := r.Value(t); err != nil {
		c.Env.Log.Warningf("Internal error in RDB reading of a payload: %v", err)
		c.Out.Error("ERR Bad data format")
		return
	}
	at := ttl
	if ttl != 0 && !o.absolute {
		at += c.Now()
	}
	if at != 0 && at <= c.Now() {
		restoreNothing(c, &it, r)
		return
	}
	it.Put(r.Entry(key, at, ks.Access.Initial()))
	setAccess(c, it.Entry, o)
	if ttl != 0 && !o.absolute {
		effect := append(append([][]byte{}, c.Args...), []byte("ABSTTL"))
		effect[2] = strconv.AppendInt(nil, at, 10)
		c.Rewrite(effect...)
	}
	c.Ready(key)
	c.Changed(key, keyspace.Generic, "restore")
	c.Out.OK()
}

// restoreNothing is RESTORE of what has expired: at most the old value goes.
func restoreNothing(c *command.Ctx, it *keyspace.Item, r *rdb.Reader) {
	r.Discard()
	if it.Exists() {
		it.Delete()
		c.Rewrite(delName(c), c.Args[1])
		c.Changed(c.Args[1], keyspace.Generic, "del")
	}
	c.Out.OK()
}

// setAccess sets the access clock as RESTORE was told to; what the policy does not keep is passed over.
func setAccess(c *command.Ctx, e object.Entry, o restoreOptions) {
	access := &c.Keys().Access
	switch {
	case access.LFU && o.freq >= 0:
		access.SetFrequency(e, uint8(o.freq))
	case !access.LFU && o.idle >= 0:
		access.SetIdle(e, o.idle)
	}
}
