package command

import (
	"granary/internal/invariants"
	"granary/internal/keyspace"
	"granary/internal/resp"
)

// Most of what looking up a key costs is waiting for memory, if there are more keys than the processor's caches hold: for the
// bucket of the table, and then for the entry. Where it is known which keys come next, in requests that a client has sent in a
// row and in commands with many keys, they are asked for together (keyspace.DB.Warm).

// readAhead reads the requests in front of in into the batch, which is nobody else's, and warms their keys and that of the
// request before them, whose arguments are args.
func (c *Client) readAhead(args [][]byte, in []byte) *resp.Batch {
	b := &c.Env.batch
	b.Read(in, c.parser.MaxBulk)
	if c.cold() {
		var keys [1 + resp.BatchMost][]byte
		n := 0
		if len(args) > 1 {
			keys[0] = args[1]
			n++
		}
		n += b.Keys(keys[n:])
		c.warm(keys[:n])
	}
	return b
}

// cold tells whether warming keys gains anything; where invariants are checked it is always done.
func (c *Client) cold() bool { return c.DB.Cold() || invariants.Enabled }

// warm warms as many keys as prefetch-batch-max-size wants.
func (c *Client) warm(keys [][]byte) {
	if most := min(int(c.Env.Config.PrefetchBatchMaxSize), keyspace.WarmMost); most > 1 {
		c.DB.Warm(keys[:min(len(keys), most)])
	}
}

// Ahead is called by a command whose arguments from 1 on, every step-th, are keys, before it looks argument i up. It warms
// that key and those behind it, once for so many. step is 1 or 2.
func (c *Ctx) Ahead(i, step int) {
	if (i-1)&(keyspace.WarmMost*step-1) == 0 && i+step < len(c.Args) {
		c.warmArgs(i, step)
	}
}

func (c *Ctx) warmArgs(i, step int) {
	if !c.Client.cold() {
		return
	}
	var keys [keyspace.WarmMost][]byte
	n := 0
	for ; i < len(c.Args) && n < len(keys); i += step {
		keys[n] = c.Args[i]
		n++
	}
	c.Client.warm(keys[:n])
}
