package bitmaps

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// argField is the pair of arguments that names a field.
func argField(name, value string) command.Arg {
	return command.Arg{Name: "encoding_offset_" + value, Type: command.ArgBlock, Token: name, Args: []command.Arg{
		{Name: "encoding", Type: command.ArgString},
		{Name: "offset", Type: command.ArgInteger},
		{Name: value, Type: command.ArgInteger},
	}}
}

var specBitField = &command.Spec{
	Name: "bitfield", Summary: "Reads, writes and adds to integers of any width at any bit of a string value.", Since: "3.2.0",
	Group: command.GroupBitmap, Complexity: "O(1) for each subcommand specified",
	Arity: -2, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{{
		Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate | command.KeyVariableFlags,
		Notes: "This command allows both access and modification of the key", Index: 1, KeyStep: 1,
	}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "operation", Type: command.ArgOneOf, Flags: command.Optional | command.Multiple, Args: []command.Arg{
			{Name: "encoding_offset", Type: command.ArgBlock, Token: "GET", Args: []command.Arg{
				{Name: "encoding", Type: command.ArgString},
				{Name: "offset", Type: command.ArgInteger},
			}},
			{Name: "write", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "wrap_sat_fail", Type: command.ArgOneOf, Token: "OVERFLOW", Flags: command.Optional, Args: []command.Arg{
					{Name: "wrap", Type: command.ArgPureToken, Token: "WRAP"},
					{Name: "sat", Type: command.ArgPureToken, Token: "SAT"},
					{Name: "fail", Type: command.ArgPureToken, Token: "FAIL"},
				}},
				{Name: "write_operation", Type: command.ArgOneOf, Args: []command.Arg{
					argField("SET", "value"), argField("INCRBY", "increment"),
				}},
			}},
		}},
	},
	GetKeys: bitFieldKeys,
	Handler: cmdBitField,
}

// bitFieldKeys tells COMMAND GETKEYSANDFLAGS whether the operations only read.
func bitFieldKeys(args [][]byte, dst []command.KeyPos) ([]command.KeyPos, bool) {
	flags := command.KeyRO | command.KeyAccess
	for i := 2; i < len(args); {
		switch {
		case command.Is(args[i], "get") && i+2 < len(args):
			i += 3
		case command.Is(args[i], "set") && i+3 < len(args), command.Is(args[i], "incrby") && i+3 < len(args):
			flags = command.KeyRW | command.KeyAccess | command.KeyUpdate
			i += 4
		case command.Is(args[i], "overflow") && i+1 < len(args):
			i += 2
		default:
			flags = command.KeyRW | command.KeyAccess | command.KeyUpdate
			i++
		}
	}
	return append(dst, command.KeyPos{Index: 1, Flags: flags}), true
}

// cmdBitField answers BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET type offset value | INCRBY type offset
// increment] ...
func cmdBitField(c *command.Ctx) { bitField(c, false) }

var specBitFieldRO = &command.Spec{
	Name: "bitfield_ro", Summary: "Reads integers of any width at any bit of a string value.", Since: "6.0.0",
	Group: command.GroupBitmap, Complexity: "O(1) for each subcommand specified",
	Arity: -2, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{
			Name: "encoding_offset", Type: command.ArgBlock, Token: "GET", Flags: command.Optional | command.Multiple | command.MultipleToken,
			Args: []command.Arg{
				{Name: "encoding", Type: command.ArgString},
				{Name: "offset", Type: command.ArgInteger},
			},
		},
	},
	Handler: cmdBitFieldRO,
}

// cmdBitFieldRO answers BITFIELD_RO key [GET type offset ...].
func cmdBitFieldRO(c *command.Ctx) { bitField(c, true) }

type verb uint8

const (
	doGet verb = iota
	doSet
	doIncrBy
)

// fieldOp is one operation of a BITFIELD.
type fieldOp struct {
	verb     verb
	kind     kind
	overflow overflow
	at       int64 // offset in bits
	arg      int64 // of SET and INCRBY
}

// bitField parses all operations before it does the first: an error means that nothing has changed.
//
// NB: a string that grew for operations that then all failed counts as unchanged: no event, no effect. Redis has it so.
func bitField(c *command.Ctx, readOnly bool) {
	var few [8]fieldOp
	ops, ok := parseField(c, few[:0])
	if !ok {
		return
	}
	last, writes := int64(0), false
	for i := range ops {
		if op := &ops[i]; op.verb != doGet {
			writes = true
			last = max(last, op.at+int64(op.kind.width)-1)
		}
	}
	if !writes {
		var s object.Scratch
		if b, ok := text(c, c.Args[1], &s); ok {
			c.Out.Array(len(ops))
			for i := range ops {
				c.Out.Int(ops[i].kind.load(b, ops[i].at))
			}
		}
		return
	}
	if readOnly {
		c.Out.Error("ERR BITFIELD_RO only supports the GET subcommand")
		return
	}
	it := c.Write(c.Args[1])
	b, grown := grow(c, &it, last)
	if b == nil {
		return
	}
	c.Out.Array(len(ops))
	changes := int64(0)
	for i := range ops {
		if done, changed := ops[i].run(c, b); done && (grown || changed) {
			changes++
		}
	}
	if changes > 0 {
		c.Changed(c.Args[1], keyspace.String, "setbit")
		c.Keys().Stats.Dirty += changes - 1
	}
}

// run does one operation and answers it. It reports whether something was written, and whether it differs from before.
func (op *fieldOp) run(c *command.Ctx, b []byte) (done, changed bool) {
	old := op.kind.load(b, op.at)
	var n int64
	switch op.verb {
	case doGet:
		c.Out.Int(old)
		return false, false
	case doSet:
		n, done = op.kind.fit(op.arg, op.overflow)
	case doIncrBy:
		n, done = op.kind.add(old, op.arg, op.overflow)
	}
	if !done {
		c.Out.Null()
		return false, false
	}
	op.kind.store(b, op.at, n)
	if op.verb == doSet {
		c.Out.Int(old)
	} else {
		c.Out.Int(n)
	}
	return true, n != old
}

// parseField reads the operations of a BITFIELD and appends them to ops.
func parseField(c *command.Ctx, ops []fieldOp) ([]fieldOp, bool) {
	args, mode := c.Args[2:], wrap
	for len(args) > 0 {
		op := fieldOp{overflow: mode}
		n := 0
		switch word := args[0]; {
		case command.Is(word, "get") && len(args) > 2:
			op.verb, n = doGet, 3
		case command.Is(word, "set") && len(args) > 3:
			op.verb, n = doSet, 4
		case command.Is(word, "incrby") && len(args) > 3:
			op.verb, n = doIncrBy, 4
		case command.Is(word, "overflow") && len(args) > 1:
			var ok bool
			if mode, ok = parseOverflow(args[1]); !ok {
				c.Out.Error("ERR Invalid OVERFLOW type specified")
				return nil, false
			}
			args = args[2:]
			continue
		default:
			c.SyntaxError()
			return nil, false
		}
		var ok bool
		if op.kind, ok = parseKind(args[1]); !ok {
			c.Out.Error("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
			return nil, false
		}
		if op.at, ok = offset(c, args[2], int64(op.kind.width)); !ok {
			return nil, false
		}
		if op.verb != doGet {
			if op.arg, ok = c.Int(args[3]); !ok {
				return nil, false
			}
		}
		ops = append(ops, op)
		args = args[n:]
	}
	return ops, true
}

func parseOverflow(arg []byte) (overflow, bool) {
	switch {
	case command.Is(arg, "wrap"):
		return wrap, true
	case command.Is(arg, "sat"):
		return sat, true
	case command.Is(arg, "fail"):
		return fail, true
	}
	return 0, false
}

// parseKind reads the type of a field: i1..i64, u1..u63.
func parseKind(arg []byte) (kind, bool) {
	if len(arg) < 2 || arg[0] != 'i' && arg[0] != 'u' {
		return kind{}, false
	}
	k := kind{signed: arg[0] == 'i'}
	n, ok := object.ParseInt(arg[1:])
	if !ok || n < 1 || n > 64 || n == 64 && !k.signed {
		return kind{}, false
	}
	k.width = uint(n)
	return k, true
}
