package hyperloglog

import (
	"bytes"

	"granary/internal/command"
	"granary/internal/encoding/hll"
	"granary/internal/keyspace"
)

var specPFDebug = &command.Spec{
	Name: "pfdebug", Summary: "Shows or changes how a HyperLogLog is stored.", Since: "2.8.9",
	Group: command.GroupHyperLogLog, Complexity: "N/A", SysCmd: true,
	Arity: 3, Flags: command.Write | command.DenyOOM | command.Admin,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyAccess, Index: 2, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "subcommand", Type: command.ArgString},
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
	},
	Handler: cmdPFDebug,
}

// cmdPFDebug answers PFDEBUG GETREG|DECODE|ENCODING|TODENSE key.
func cmdPFDebug(c *command.Ctx) {
	it := c.Write(c.Args[2])
	b, ok := edit(c, &it)
	if !ok {
		return
	}
	if b == nil {
		c.Out.Error("ERR The specified key does not exist")
		return
	}
	switch sub := c.Args[1]; {
	case command.Is(sub, "getreg"):
		debugGetReg(c, &it, b)
	case command.Is(sub, "decode"):
		debugDecode(c, b)
	case command.Is(sub, "encoding"):
		c.Out.Status(hll.EncodingOf(b).String())
	case command.Is(sub, "todense"):
		if _, converted, ok := debugToDense(c, &it, b); ok {
			c.Out.Int(converted)
		}
	default:
		// The name ends at a zero byte in the reply.
		name, _, _ := bytes.Cut(sub, []byte{0})
		c.Out.Error("ERR Unknown PFDEBUG subcommand '" + string(name) + "'")
	}
}

// debugGetReg answers all registers, and leaves the value dense.
func debugGetReg(c *command.Ctx, it *keyspace.Item, b []byte) {
	b, _, ok := debugToDense(c, it, b)
	if !ok {
		return
	}
	c.Out.Array(hll.NumRegisters)
	for i := range hll.NumRegisters {
		c.Out.Int(int64(hll.Get(b, i)))
	}
}

func debugDecode(c *command.Ctx, b []byte) {
	if hll.EncodingOf(b) != hll.Sparse {
		c.Out.Error("ERR HLL encoding is not sparse")
		return
	}
	runs, err := hll.AppendRuns(nil, b)
	if err != nil {
		c.Out.Error(errCorrupt)
		return
	}
	c.Out.Bulk(runs)
}

// debugToDense makes the value dense and returns its bytes, with the cached cardinality it had. The change is counted, so
// that it is repeated elsewhere; it has no event.
func debugToDense(c *command.Ctx, it *keyspace.Item, b []byte) (dense []byte, converted int64, ok bool) {
	if hll.EncodingOf(b) == hll.Dense {
		return b, 0, true
	}
	dense, err := hll.AppendDense(work.dense[:0], b)
	if err != nil {
		c.Out.Error(errCorrupt)
		return nil, 0, false
	}
	it.SetRawText(dense)
	c.Keys().Stats.Dirty++
	return dense, 1, true
}

var specPFSelfTest = &command.Spec{
	Name: "pfselftest", Summary: "Tests the HyperLogLog implementation, which takes seconds.", Since: "2.8.9",
	Group: command.GroupHyperLogLog, Complexity: "N/A", SysCmd: true,
	Arity: 1, Flags: command.Admin,
	Handler: cmdPFSelfTest,
}

// selfTestElements is how many elements PFSELFTEST adds.
const selfTestElements = 10_000_000

// cmdPFSelfTest answers PFSELFTEST. All clients wait meanwhile, as in Redis.
func cmdPFSelfTest(c *command.Ctx) {
	if err := hll.SelfTest(uint64(c.Now()), selfTestElements); err != nil {
		c.Out.Error("ERR " + err.Error())
		return
	}
	c.Out.OK()
}
